"""Reports: text, JSON, a page by itself, and figures for Prometheus."""
import json
import os
import re
import urllib.parse

import pytest
from browser import needs_browser
from conftest import BINARY, POSTGRESQL, parse, plain, token
from test_enclosures import png
from test_look import look
from test_serve import path_of, web  # noqa: F401
from test_staff import eventful  # noqa: F401
from test_terminal import on_terminal
from webserver import WebServer


def test_text(connected, eventful):  # noqa: F811
    told = connected.run("report", "no-1").out
    for words in ("Ferries <b>& ports", "bounced             2", "By domain", "mail.example.com", "no-such-user"):
        assert words in told, words
    overview = connected.run("report").out
    assert re.search(r"bulletin +15 +0 +1 +2 +0", overview) and re.search(r"no-1 +sending .* 14 +2 +0", overview)


def test_json(connected, eventful):  # noqa: F811
    facts = json.loads(connected.run("report", "1", "--json").out)
    assert facts["issue"]["deliveries"]["sent"] == 14 and facts["unsubscribed"] == 0
    assert facts["domains"][0]["domain"] == "example.org"
    assert facts["reasons"] == [{"kind": "hard", "reason": "no-such-user", "count": 2}]
    assert sum(period["count"] for period in facts["timeline"]) == 17
    overview = json.loads(connected.run("report", "--list", "bulletin", "--json").out)
    assert overview["lists"][0]["subscriptions"]["active"] == 15 and overview["issues"][0]["unsubscribed"] == 0


def test_the_page_of_one_list(connected):
    """It has the title of the list, and the page of all lists has none of them."""
    connected.run("list", "add", "other", "--from", "x@example.org", "--title", "The Other Paper")
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    one, all_of_them = (connected.run("report", *options, "--html").out for options in (("--list", "other"), ()))
    assert re.search(r"<h1[^>]*>The Other Paper", one) and "A title" not in one
    assert re.search(r"<h1[^>]*>Overview", all_of_them) and "A title" in all_of_them


@pytest.mark.slow(1)
def test_unsubscribed(connected, eventful):  # noqa: F811
    got = [row[0] for row in connected.sql("SELECT subscription FROM delivery WHERE state = 'sent' ORDER BY 1")]
    waits = connected.sql("SELECT subscription FROM delivery WHERE state = 'deferred'")[0][0]
    # The one who waits has not got the issue, so it is not because of it that they left.
    for subscription, count in ((waits, 0), (got[0], 1), (got[1], 2)):
        token = connected.sql("SELECT token FROM subscription WHERE id = ?", subscription)[0][0]
        connected.run("unsubscribe", token)
        assert json.loads(connected.run("report", "no-1", "--json").out)["unsubscribed"] == count
    address = connected.sql("SELECT r.address FROM subscriber r JOIN subscription s ON s.subscriber = r.id "
                            "WHERE s.id = ?", got[2])[0][0]
    connected.run("unsubscribe", "--address", address)  # the operator's decision is no reaction to the issue
    assert json.loads(connected.run("report", "no-1", "--json").out)["unsubscribed"] == 2


@pytest.mark.slow(1)
def test_fits_a_terminal(connected, server):
    """80 columns, whatever titles, names and domains there are."""
    connected.run("list", "add", "a-list-with-quite-a-long-name", "--from", "news@example.org")
    domains = ["a-domain-of-many-letters.example.org", "example.net"]
    connected.add_active([f"p{i}@{domains[i % 2]}" for i in range(16)])
    connected.run("send", "--yes", "--list", "bulletin", connected.issue(title="Überlange Überschriften " * 8, number="No 1234", series="The Very Long Series of Bulletins"))
    for i, state in enumerate(("sent", "queued", "leased", "deferred", "bounced", "failed", "unknown", "skipped")):
        for j in (0, 1):
            connected.sql("UPDATE delivery SET state = ? WHERE id = ?", state, 2 * i + j + 1)
    connected.sql("UPDATE delivery SET reply_status = '5.1.1' WHERE state = 'bounced'")
    for args in ((), ("1",)):
        lines = on_terminal(connected, 80, "report", *args).splitlines()
        assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert [line for line in lines if re.search("SKIPPED|skipped 1", line)]
    for table in (on_terminal(connected, 80, "report"), connected.run("report").out):
        assert len({len(line) for line in table.splitlines() if re.search(r"sent +\d{4}-.*\d +\d+$", line)}) == 1, table


def leave_by_page(site, http, message):
    path = path_of(message, "unsubscribe?")
    held = re.search(r'name="token" value="([^"]+)"', http.get(path).text)[1]
    assert "You have been unsubscribed" in http.post("/unsubscribe", {"token": held}).text


def leave_by_one_click(site, http, message):
    url = re.search(r"<(https:[^>]+)>", message["List-Unsubscribe"])[1]
    http.post(url.replace("https://news.example.org", ""), {"List-Unsubscribe": "One-Click"})


def leave_by_mail(site, http, message):
    subject = re.search(r"<mailto:[^>?]+\?subject=([^>]+)>", message["List-Unsubscribe"])[1]
    site.run("bounce", stdin=f"From: x@example.org\nSubject: Re: {urllib.parse.unquote(subject)}\n\n".encode())


def leave_by_command(site, http, message):
    site.run("unsubscribe", "-", stdin=plain(message).encode())


def leave_by_old_link(site, http, message):
    site.run("unsubscribe", token(message, "unsubscribe?")[:36])


def leave_by_forged_issue(site, http, message):
    site.run("unsubscribe", token(message, "unsubscribe?")[:36] + "-9999")


LEAVE = {leave_by_page: "first", leave_by_one_click: "first", leave_by_mail: "first", leave_by_command: "first",
         leave_by_old_link: "second", leave_by_forged_issue: "second"}


@pytest.mark.slow(1)
@pytest.mark.parametrize("how", LEAVE, ids=lambda how: how.__name__)
def test_the_issue_whose_link_was_used(web, connected, server, how):  # noqa: F811
    http = web("--no-mail")
    connected.configure(server.port, bounce_address="bounces@example.org")
    connected.add_active(["ann@example.org", "bob@example.org"])
    for name in ("first", "second"):
        connected.run("send", "--yes", connected.issue(name=name + ".md", title=name, slug=name))
    # One that Ann was not meant to get is not why she leaves.
    connected.run("send", "--yes", "--where", 'email = "bob@example.org"',
                  connected.issue(name="third.md", title="third", slug="third"))
    how(connected, http, parse(server.messages("ann@example.org")[0]))
    assert connected.sql("SELECT s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                         "WHERE r.address_key = 'ann@example.org'") == [("unsubscribed",)]
    counts = {name: json.loads(connected.run("report", name, "--json").out)["unsubscribed"]
              for name in ("first", "second", "third")}
    assert counts == {name: int(name == LEAVE[how]) for name in counts}


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_page(connected, eventful, tmp_path, language):  # noqa: F811
    pages = {}
    for name, args in {"issue": ["no-1"], "overview": []}.items():
        connected.run("report", *args, "--html", "--output", f"{name}.html", "--language", language)
        pages[f"report-{language}-{name}"] = os.path.join(connected.folder, f"{name}.html")
        text = open(pages[f"report-{language}-{name}"], encoding="utf-8").read()
        assert "<svg" in text and "<script" not in text and "<link rel=\"stylesheet\"" not in text
    if not POSTGRESQL:  # whose pages look the same
        look(tmp_path, pages, widths=(375, 1200) if language == "en" else (375,), mail=False)


def test_the_organisation_is_on_it(connected, eventful):  # noqa: F811
    """Also where its list has a look of its own; the page needs no other file."""
    connected.write("logo.png", png(40, 20))
    connected.configure(organisation={"name": {"en": "Embassy & friends", "ru": "Посольство"}, "logo": "logo.png", "logo_dark": "logo.png",
                                      "accent": "#7a1f3d", "lists": {"bulletin": {"accent": "#00ff00", "name": "Consulate"}}})
    overview, issue = connected.run("report", "--html").out, connected.run("report", "no-1", "--html").out
    assert "Embassy &amp; friends" in overview and "--accent:#7a1f3d" in overview and "Consulate" not in overview
    assert "Consulate" in issue and "--accent:#00ff00" in issue and "--on-accent:#000000" in issue
    for page in (overview, issue):
        assert page.count('src="data:image/png;base64,') == 1 and page.count('srcset="data:image/png;base64,') == 1
    assert "Посольство" in connected.run("report", "--html", "--language", "ru").out
    assert connected.run("report").out.startswith("Embassy & friends\n\n")
    assert connected.run("report", "no-1").out.startswith("Consulate\n\n")
    os.remove(os.path.join(connected.folder, "logo.png"))
    assert "organisation.logo" in connected.run("report", "--html", expect=66).err


def test_errors(connected, eventful):  # noqa: F811
    connected.run("report", "nosuch", expect=67)
    connected.run("report", "--list", "nosuch", expect=67)
    connected.run("report", "a", "b", expect=64)
    assert connected.run("report", "no-1", "--html", "--output", "/nosuch/x.html", expect=66).err


def parse_metrics(text):
    """The samples by their names; every line is what the format allows."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) newsletter_[a-z_]+ .+", line), line
            continue
        name, value = re.fullmatch(r'(newsletter_[a-z_]+(?:\{[a-z]+="[a-z0-9-]+"(?:,[a-z]+="[a-z0-9-]+")*\})?) (\d+)', line).groups()
        assert name not in samples
        samples[name] = int(value)
    return samples


def test_metrics(connected, eventful):  # noqa: F811
    connected.run("report", "--metrics", "--output", "newsletter.prom")
    path = os.path.join(connected.folder, "newsletter.prom")
    samples = parse_metrics(open(path, encoding="utf-8").read())
    assert samples['newsletter_subscriptions{list="bulletin",state="active"}'] == 15
    assert samples['newsletter_deliveries{kind="issue",state="bounced"}'] == 2
    assert samples['newsletter_issues{state="sending"}'] == 1
    assert samples["newsletter_oldest_due_seconds"] == 0
    connected.sql("UPDATE delivery SET next_attempt_at = next_attempt_at - 10000 WHERE state = 'deferred'")
    assert parse_metrics(connected.run("report", "--metrics").out)["newsletter_oldest_due_seconds"] > 900
    assert os.stat(path).st_mode & 0o777 == 0o644


@pytest.mark.parametrize("networks, headers, status", [
    (None, {}, 404), ("127.0.0.1", {}, 200), ("192.0.2.0/24", {}, 404), ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
    ("127.0.0.1", {"Via": "1.1 x"}, 404)])
def test_metrics_by_http(connected, networks, headers, status):
    connected.configure(serve={"url": "https://news.example.org", **({"metrics": networks} if networks else {})})
    http = WebServer(BINARY, connected.folder, "--no-mail")
    answer = http.get("/metrics", **headers)
    assert answer.status == status
    if status == 200:
        assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        assert "newsletter_issues" in answer.text and parse_metrics(answer.text)
    http.stop()
