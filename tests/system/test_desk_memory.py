"""Ten people write at once, and `serve` stays small: the peak of its memory, as the kernel counts it."""
import concurrent.futures
import json
import re
import urllib.parse

import pytest
from conftest import sanitized
from test_press_room import FIELDS, PNG, Desk, account
from test_staff import StaffServer, configure

PEOPLE, ROUNDS, MOST = 10, 5, 64 << 20
BODY = "# A round\r\n\r\n![A yurt](yurt.png)\r\n\r\n" + "A paragraph of some words, as there are many in an issue. " * 200


def memory(process, name):
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
        return int(re.search(name + r":\s+(\d+) kB", status.read()).group(1)) << 10


class Editor(Desk):
    """A browser of its own at the same server."""

    def __init__(self, server, name):
        http = object.__new__(StaffServer)
        http.__dict__.update(server.__dict__, cookie=None)
        super().__init__(http, "")
        self.name = name

    def begin(self):
        assert self.http.login(self.name).status == 303
        self.http.page("/codemirror.js")  # with the editor, as a browser loads it
        answer = self.http.press("/drafts", how="new", title=f"By {self.name}", list="bulletin")
        self.path = urllib.parse.urlsplit(answer.getheader("Location")).path
        assert self.upload("picture", "yurt.png", PNG, alt="A yurt").status == 303

    def type(self, number):
        answer = self.save(accept="application/json", revision=self.revision(), **{**FIELDS, "body": f"{BODY}{number}"})
        assert answer.status == 200 and json.loads(answer.text)["revision"]
        assert "A paragraph" in self.page("/preview?text=en").text


@pytest.mark.slow(6)
@pytest.mark.skipif(sanitized(), reason="a sanitizer keeps memory that is freed")
def test_ten_editors(connected):
    configure(connected)
    server = StaffServer(connected.folder, "--no-mail")
    names = [f"writer{number}" for number in range(PEOPLE)]
    for name in names:
        account(connected, name, "author")
    editors = [Editor(server, name) for name in names]
    with concurrent.futures.ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(Editor.begin, editors))
        for number in range(ROUNDS):
            list(pool.map(Editor.type, editors, [number] * PEOPLE))
    peak, now = memory(server.process, "VmHWM"), memory(server.process, "VmRSS")
    server.stop()
    print(f"peak {peak >> 20} MiB, then {now >> 20} MiB")
    assert 0 < now <= peak < MOST
