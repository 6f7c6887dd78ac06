"""The editor in a real browser: shortcuts, pictures that are dropped and pasted, and the whole way without scripts."""
import base64
import io
import json

import pytest
from PIL import Image
from browser import in_browser, needs_browser
from test_approval import begin  # noqa: F401
from test_browser import visit
from test_documents import kept, picture, with_exif
from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401

pytestmark = [pytest.mark.slow(10), needs_browser, pytest.mark.one_engine("the engine makes no difference")]
COOKIES = [{"name": "__Host-newsletter", "secure": True, "httpOnly": True, "sameSite": "Strict"}]


def test_shortcuts_and_pictures(desk, connected, tmp_path):  # noqa: F811
    """Ctrl with B, I, K, Z and S; a photograph from the desktop and a picture from the clipboard. Both lose what the camera has noted,
    and the writer is asked what they show."""
    photo = tmp_path / "quay.jpg"
    large = Image.open(io.BytesIO(picture((3000, 2000), "JPEG")))
    large.save(photo, exif=Image.open(io.BytesIO(with_exif())).info["exif"])
    assert b"camera" in photo.read_bytes()
    desk.save(revision=desk.revision(), **{**FIELDS, "body": "Some bold and slanted words about the fair, undone.\n"})
    plan = {"url": desk.http.url, "path": desk.path, "password": PASSWORD, "photo": str(photo),
            "other": base64.b64encode(picture((40, 30))).decode()}
    seen = in_browser("editor.cjs", plan)
    assert seen["complaints"] == []
    assert seen["text"].startswith("Some **bold** and *slanted* words about [the fair](https://www.example.org/fair), undone.\n")
    names = [name for name, in connected.sql("SELECT name FROM draft_file ORDER BY name")]
    assert seen["text"].count("![The quay at dusk](<quay.jpg>)") == 1 and "![A map](<" in seen["text"] and "![First](<" in seen["text"]
    assert json.loads(desk.page("/here?text=en").text)["form"]["body"].strip() == seen["text"].strip()
    for name in names:
        clean = kept(desk, connected, name)
        image = Image.open(io.BytesIO(clean))
        assert not image.getexif() and b"camera" not in clean and image.size in ((1200, 800), (40, 30)), name


def test_written_and_approved_without_scripts(begin, connected):  # noqa: F811
    """One writes, looks and asks, another one approves: with pages alone."""
    desk = begin(needed="1")  # noqa: F811
    desk.http.press(desk.path, action="remove", sure="yes")
    visit(desk.http, [
        {"goto": "/login"}, {"fill": {"Name": "kim", "Password": PASSWORD}}, {"click": "Log in"},
        {"click": "Press room", "role": "link"}, {"fill": {"Title": "Ferries"}}, {"click": "Begin"},
        {"exact": True, "fill": {"Text": "# The ferries go again\n\nFrom September, at nine.", "Number": "No 3"}}, {"click": "Save"},
        {"expect": "the title is the one heading of level 1"}, {"click": "Fix it: line 1"}, {"frame": "From September, at nine."},
        {"exact": True, "fill": {"Text": "## The ferries go again\n\nFrom September, at ten."}}, {"click": "Save as a version of its own"},
        {"frame": "From September, at ten."}, {"click": "Versions", "role": "link"}, {"click": "Compare"},
        {"click": "Back to the text", "role": "link"}, {"click": "Ask for approval", "role": "link"},
        {"fill": {"Your words to those who approve": "Please by noon"}}, {"click": "Ask for approval"}], COOKIES)
    path = f"/draft/{connected.sql('SELECT id FROM draft')[0][0]}"
    visit(desk.http, [
        {"goto": "/login"}, {"fill": {"Name": "bob", "Password": PASSWORD}}, {"click": "Log in"}, {"goto": path + "/approval"},
        {"expect": "Please by noon"}, {"frame": "From September, at ten."},
        {"exact": True, "fill": {"The passage that you mean: mark it above, or copy it here": "at ten", "Your words": "Is that so?"}}, {"click": "Comment"},
        {"expect": "Is that so?"}, {"click": "Approve"}, {"expect": "bob"}], COOKIES)
    assert [row[0] for row in connected.sql("SELECT action FROM audit WHERE action LIKE 'approval %' ORDER BY id")] == [
        "approval ask", "approval comment", "approval approve"]
