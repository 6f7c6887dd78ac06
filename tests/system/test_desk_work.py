"""The cost of the preview, which follows the typing: work is counted, in system calls."""
import json
import re
import shutil
import signal
import subprocess

import pytest
from conftest import SAMPLE, sanitized, wait_for
from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import staff  # noqa: F401


@pytest.mark.one_engine("the calls of a database server are its own")
@pytest.mark.skipif(not shutil.which("strace") or sanitized(), reason="needs strace, and no sanitizer")
def test_a_pause_in_typing(desk, tmp_path):  # noqa: F811
    """The issue is composed once for what the check says, and once for the preview; nothing is written to a disk for that but the text."""
    with open(SAMPLE, encoding="utf-8") as sample:
        body = sample.read().split("---\n", 2)[2]
    desk.save(revision=desk.revision(), **{**FIELDS, "body": body})
    now = json.loads(desk.page("/here?text=en").text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', desk.page().text).group(1)
    trace = tmp_path / "trace"
    tracer = subprocess.Popen(["strace", "-f", "-o", trace, "-p", str(desk.http.process.pid)], stderr=subprocess.DEVNULL)
    wait_for(lambda: trace.exists() and f"TracerPid:\t{tracer.pid}" in open(f"/proc/{desk.http.process.pid}/status", encoding="ascii").read())
    form = {"csrf": csrf, "text": "en", "action": "save", "revision": now["revision"], "base": now["base"], **now["form"], "body": body + "\nMore.\n"}
    assert desk.http.post(desk.path, form, Cookie=desk.http.cookie, Accept="application/json").status == 200
    assert "More." in desk.page("/preview?text=en").text
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    calls = trace.read_text(errors="replace").splitlines()
    composed = [call for call in calls if "mkdir" in call and "newsletter-draft-" in call]
    assert len(composed) == 2, composed
    assert len(calls) < 1500, len(calls)
    assert sum("execve(" in call for call in calls) == 0
