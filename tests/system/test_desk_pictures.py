"""The pictures of the chapter about the press room. With PICTURES=docs/pictures this makes those of the book again."""
import os
import re

import pytest
from browser import in_browser, needs_browser
from conftest import TOP
from test_approval import begin, say  # noqa: F401
from test_staff import staff  # noqa: F401

PICTURES = {"press-room-begin": (1000, 760), "press-room-write": (1280, 1720), "press-room-versions": (1000, 560),
            "press-room-approval": (1000, 900)}
BODY = """Dear readers,

from September the ferries go again, every day but Sunday, at nine and at ten.

# Timetable

| Line | Leaves |
|---|---|
| Aktau | 9:00 |
| Quryq | 10:00 |

The office at the quay answers questions.
"""
FIELDS = {"title": "The ferries go again", "series": "Harbour News", "number": "No 12", "date": "2026-09-01", "category": "General",
          "posted_by": "Press office", "preheader": "Timetable and prices"}


def size_of(webp):
    """Width and height of a picture with loss (RFC 6386, section 9.1)."""
    at = webp.index(b"\x9d\x01\x2a") + 3
    return int.from_bytes(webp[at:at + 2], "little") & 0x3fff, int.from_bytes(webp[at + 2:at + 4], "little") & 0x3fff


@needs_browser
@pytest.mark.slow(8)
@pytest.mark.one_engine("the engine makes no difference")
def test_the_pictures_of_the_press_room(begin, tmp_path):  # noqa: F811
    desk = begin(needed="1")
    folder = os.path.abspath(os.environ.get("PICTURES", tmp_path))
    before = BODY.replace("at nine and at ten", "at nine").replace("The office at the quay", "The press office")
    desk.save(revision=desk.revision(), action="keep", body=before, **FIELDS)
    desk.save(revision=desk.revision(), action="keep", body=BODY, **FIELDS)
    for kind, name in (("snippet", "Press office"), ("template", "Weekly")):
        desk.http.press("/boilerplates", action="save", kind=kind, name=name, source="---\ntitle: Harbour News\n---\nAsk us.\n", language="", list="")
    for title in ("A new timetable", "The winter market"):
        desk.http.press("/drafts", how="new", title=title, list="bulletin")
    say(desk, "ask", words="Please by noon")
    first = re.findall(r'<option value="(\d+)"', desk.page("/history?text=en").text)[1]
    pages = {"press-room-begin": "/drafts", "press-room-write": desk.path, "press-room-versions": f"{desk.path}/history?text=en&version={first}", "press-room-approval": desk.path + "/approval"}
    jobs = [{"url": desk.http.url + path, "width": PICTURES[name][0], "height": PICTURES[name][1], "cookie": desk.http.cookie,
             "file": os.path.join(folder, name + ".webp")} for name, path in pages.items()]
    in_browser("picture.cjs", jobs)
    for name, (width, height) in PICTURES.items():
        data = open(os.path.join(folder, name + ".webp"), "rb").read()
        assert data[8:12] == b"WEBP" and 5000 < len(data) < 200_000, (name, len(data))
        assert size_of(data) == (width, height) == size_of(open(os.path.join(TOP, "docs", "pictures", name + ".webp"), "rb").read()), name
