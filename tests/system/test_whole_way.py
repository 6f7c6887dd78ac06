"""One issue from an empty page to its report, in real browsers, with and without scripts; the server is started again meanwhile."""
import io
import json
import os
import re
import threading
import time
import zipfile

import pytest
from browser import in_browser, needs_browser
from conftest import parse, wait_for
from test_enclosures import png
from test_press_room import account
from test_staff import PASSWORD, StaffServer, configure

PEOPLE = 120
WORD = "<p class=MsoNormal>It is <b>pasted</b>.<o:p></o:p></p>"


def word_file():
    """The smallest document of Word that says "It is pasted.", one word of it bold."""
    out = io.BytesIO()
    space = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{space}/package/2006/content-types"><Default Extension="rels" '
                         'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
                         'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" Type="{space}/'
                         'officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t '
                         'xml:space="preserve">It is </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>pasted</w:t></w:r><w:r><w:t>.</w:t></w:r></w:p>'
                         "</w:body></w:document>")
    return out.getvalue()


class Office:
    """The server, which is started again under its old address when the browser asks for it."""

    def __init__(self, site):
        self.site, self.stopped = site, False
        self.http = StaffServer(site.folder)
        site.configure(staff={**site.settings["staff"], "listen": f"127.0.0.1:{self.http.port}"})
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        asked = os.path.join(self.site.folder, "restart")
        while not self.stopped and not os.path.exists(asked):
            time.sleep(0.05)
        if not self.stopped:
            self.http.stop()
            time.sleep(1)  # long enough for a browser to notice
            self.http = StaffServer(self.site.folder)
            self.site.write("restarted", "")

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.http.stop()


@pytest.fixture
def office(connected, server):
    configure(connected)
    connected.configure(approval={"needed": 1}, send={"grace": "3s"}, smtp={"connections": 1})
    connected.add_active([f"r{number}@example.org" for number in range(PEOPLE)])
    connected.sql("UPDATE subscriber SET language = 'ru' WHERE id <= ?", PEOPLE // 2)
    account(connected, "kim", "author")
    account(connected, "bob", "sender")
    server.handler.delay = 0.3
    office = Office(connected)
    yield office
    office.stop()


@pytest.mark.slow(60)
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_an_empty_page_to_the_report(office, connected, server, tmp_path, scripts):
    (tmp_path / "quay.png").write_bytes(png(40, 20))
    (tmp_path / "word.docx").write_bytes(word_file())

    def hurry():
        while not connected.sql("SELECT 1 FROM audit WHERE action = 'issue resume'") and not office.stopped:
            time.sleep(0.1)
        server.handler.delay = 0

    helper = threading.Thread(target=hurry)
    helper.start()
    plan = {
        "url": office.http.url, "password": PASSWORD, "scripts": scripts, "html": WORD, "picture": str(tmp_path / "quay.png"),
        "document": str(tmp_path / "word.docx"), "month": "2036-12", "from": "2036-12-01", "to": "2036-12-10",
        "folder": connected.folder}
    try:
        told = in_browser("press.cjs", plan, timeout=500)
    except AssertionError:
        office.stopped = True
        raise
    finally:
        helper.join()
    seen = told["seen"]
    assert told["complaints"] == []
    print(json.dumps(seen, indent=1, ensure_ascii=False))
    assert seen["corrected"] and "Юрта для" in seen["preview"] and "pasted" in seen["preview"], seen
    assert "Approvals are missing: 0 of 1 have been given." in seen["held"] and "It cannot be sent yet" in seen["held"]
    assert "Please, by noon" in seen["asked"] and "09:00" in seen["moved"] and seen["back"]
    assert re.search(r"Sending starts in [0-3] s", seen["countdown"])
    assert "Paused" in seen["paused"] and str(PEOPLE) in seen["report"] and "100.0 %" in seen["report"]
    wait_for(lambda: server.messages("boss@example.org"))
    assert all(b"[Test]" in raw for raw in server.messages("boss@example.org"))
    # Everybody has it once, in their own language, with the picture and what came from Word.
    assert all(len(server.messages(f"r{number}@example.org")) == 1 for number in range(PEOPLE))
    for number, words in ((0, "Юрта для"), (PEOPLE - 1, "A yurt for")):
        html = parse(server.messages(f"r{number}@example.org")[0]).get_body(("html",)).get_content()
        assert words in html and "<strong>pasted</strong>" in html and 'alt="A quay at dusk"' in html
    actions = [row[0] for row in connected.sql("SELECT action FROM audit ORDER BY id")]
    assert actions.count("issue move") == 1 and actions.count("issue pause") == actions.count("issue resume") == 1
