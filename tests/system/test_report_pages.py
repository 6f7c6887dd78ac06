"""The report of an issue next to those before it: on paper, as PDF and as a table; its PDF keeps nobody waiting."""
import csv
import io
import os
import re
import subprocess
import threading

import pytest
from browser import in_browser, needs_browser
from conftest import wait_for
from test_sending_room import desk, empty_desk, reported, text_of  # noqa: F401
from test_staff import StaffServer, configure, staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")


def words_of(path):
    return " ".join(subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, timeout=60, check=True).stdout.decode().split())


@pytest.mark.slow(20)
@needs_browser
def test_on_paper(reported, tmp_path):  # noqa: F811
    """Chromium prints the table and its title, and nothing that is to be clicked; black on white in any case."""
    file = str(tmp_path / "report.pdf")
    plan = {"url": reported.url + "/issue/2/report", "cookie": reported.cookie, "file": file}
    for scheme, seen in in_browser("print.cjs", plan, timeout=120).items():
        assert seen == {"hidden": [], "page": ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], "own": ["rgb(238, 241, 244)", "rgb(0, 0, 0)"],
                        "cut": 0}, scheme
    words = words_of(file)
    for expected in ("Second", "=First", "as a percentage of the mails that were handed over", "12.5 %", "100.0 %"):
        assert expected in words, words
    for unwanted in ("Back to the issue", "Save as", "Log out", "Calendar"):
        assert unwanted not in words, words


@pytest.mark.slow(1)
def test_the_table_has_those_before_it(reported, connected):  # noqa: F811
    """Each issue with its own figures, the latest first; an issue of the future and one of another list are not there."""
    connected.run("list", "add", "other", "--from", "press@example.org")
    connected.run("send", "--yes", connected.issue(title="Third", number="No 3"), "--list", "bulletin")
    connected.run("send", "--yes", connected.issue(title="Later", number="No 4"), "--list", "bulletin", "--at", "2036-01-01 09:00")
    rows = list(csv.reader(io.StringIO(reported.page("/issue/3/report.csv").text)))
    assert rows[0] == ["begun", "list", "slug", "title", "state", "handed", "delivered", "delivered_percent", "bounced", "bounced_percent",
                       "failed", "failed_percent", "complaints", "complaints_percent", "unsubscribed", "unsubscribed_percent", "replies",
                       "replies_percent"]
    assert [row[3] for row in rows[1:]] == ["Third", "Second", "'=First"]
    assert rows[2][4:] == ["sent", "8", "7", "87.5", "1", "12.5", "0", "0.0", "0", "0.0", "1", "12.5", "1", "12.5"]
    assert [row[3] for row in csv.reader(io.StringIO(reported.page("/issue/1/report.csv").text))][1:] == ["'=First"]
    page = text_of(reported.page("/issue/3/report").text)
    assert page.index("Third") < page.index("Second") < page.index("=First") and "Later" not in page


ISSUES = 6


@pytest.fixture
def presses(connected, server):
    """A server whose printing program waits until the file "go" is there, and notes each run; and six issues that went out."""
    connected.add_active(["ann@example.org"])
    for number in range(ISSUES):
        connected.run("send", "--yes", connected.issue(title=f"Issue {number}", number=f"No {number}"))
    program = connected.write("python-stand-in", f"""#!/usr/bin/python3
import os, re, sys, time
title = re.search('<h1><bdi>(.*?)</bdi>', sys.stdin.read()).group(1)
open({connected.folder + '/runs'!r}, 'a').write(title + '\\n')
while not os.path.exists({connected.folder + '/go'!r}): time.sleep(0.05)
print('%PDF-1.7 ' + title)
""")
    os.chmod(program, 0o755)
    connected.configure(archive={"pdf": program})
    configure(connected)
    connected.sql("UPDATE staff SET role = 'administrator'")
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    yield http
    connected.write("go", "")
    http.stop()


@pytest.mark.slow(1)
def test_a_pdf_keeps_nobody_waiting(presses, connected):
    """Twice as many people wait for PDFs as there are threads for slow requests: all those are answered meanwhile."""
    answers = {}

    def ask(number):
        answers[number] = presses.page(f"/issue/{number}/report.pdf")

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(1, ISSUES + 1)]
    for asker in askers:
        asker.start()
    runs = os.path.join(connected.folder, "runs")
    wait_for(lambda: os.path.exists(runs))
    slow = ("/people", "/audit", "/library", "/issue/1/report", "/issue/1/report.csv", "/issue/1/rest", "/lists/bulletin/again", "/", "/calendar")
    assert [presses.page(path).status for path in slow] == [200] * len(slow)
    assert presses.press("/drafts", how="new", title="Meanwhile", list="bulletin").status == 303
    assert answers == {}  # nobody has got one yet, and one is made at a time
    with open(runs, encoding="utf-8") as told:
        assert len(told.readlines()) == 1
    connected.write("go", "")
    for asker in askers:
        asker.join()
    assert {number: answer.text.strip() for number, answer in answers.items()} == {
        number: f"%PDF-1.7 Issue {number - 1}" for number in range(1, ISSUES + 1)}
    first = answers[1]
    assert (first.status, first.getheader("Content-Type")) == (200, "application/pdf")
    assert re.search("attachment.*report.pdf", first.getheader("Content-Disposition")) and "no-store" in first.getheader("Cache-Control")
    assert presses.page("/issue/1/report.pdf").status == 200
    with open(runs, encoding="utf-8") as told:
        assert len(told.readlines()) == ISSUES  # what was made is kept
    presses.cookie = "__Host-newsletter=none"
    assert presses.page("/issue/1/report.pdf").status == 303  # for those who are logged in
