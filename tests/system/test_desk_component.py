"""CodeMirror in the editor: colours, marks of the check, search, undo, keyboard, and the text area where it is missing."""
import gzip
import json
import os
import re

import pytest
from browser import needs_browser
from conftest import TOP
from test_desk_words import staff_in_browser
from test_press_room import FIELDS, account, desk  # noqa: F401
from test_staff import staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")
TEXT = ("Dear {{name|reader}},\n\nThe quick ferry sails to *the* [fair](https://www.example.org/).\n\n# Too high\n\n> A ferry, **quoted**.\n\n"
        "Read [here](https://www.example.org/).\n\nLast ferry.\n")


def has_component(desk):  # noqa: F811
    return "/codemirror.js" in desk.page().text


@needs_browser
@pytest.mark.slow(20)
def test_the_component(desk, connected):  # noqa: F811
    if not has_component(desk):
        pytest.skip("this build has none")
    account(connected, "bob", "author")
    desk.save(revision=desk.revision(), **{**FIELDS, "body": TEXT})
    assert desk.http.press(desk.path, action="language", language="ar").status == 303
    revision = re.search(r'name="revision" value="(\w*)"', desk.page("?text=ar").text).group(1)
    desk.save(text="ar", revision=revision, **{**FIELDS, "body": "تبحر العبّارات **غدا** في Aktau.\n"})
    seen = staff_in_browser("component.cjs", url=desk.http.url, path=desk.path)["seen"]
    # A text field with a name, in the language of the text, whose spelling the browser checks.
    assert seen["attributes"] == ["textbox", "en", "true", "Text", "true", "f-help"]
    colours = seen["colours"]
    assert colours["header"] == "# Too high" and "quoted" in colours["strong"] and "the" in colours["em"]
    assert "fair" in colours["link"] and "https://www.example.org/" in colours["url"] and colours["field"] == "{{name|reader}}"
    assert "A ferry" in colours["quote"]
    # A finding stands at its line: a sign, not a colour alone; F8 leads there and says it.
    lines = [line for line, _, _ in seen["signs"]]
    assert "# Too high" in lines and "Read [here](https://www.example.org/)." in lines
    assert all(sign in ("!", "\u2715") and re.match("(Warning|Error): .", title) for _, sign, title in seen["signs"])
    first, second, back = seen["said"]
    assert first[0] == back[0] == lines[0] and second[0] == lines[1] and first[1] == back[1]
    assert all(re.match(r"line \d+ – (Warning|Error): .", said) for _, said in seen["said"])
    assert seen["clicked"] in lines
    # The keyboard is not caught.
    assert seen["afterTab"] != "write" and seen["beforeTab"] != "write" and seen["afterTab"] != seen["beforeTab"]
    # Search and replace.
    assert seen["inSearch"] == "f-find" and seen["back"] == "write"
    assert seen["found"] == ["1 / 3", "ferry", "2 / 3", "1 / 3"] and seen["nothing"] == "It is not in the text."
    assert seen["one"] == ["boat", "ferry", "ferry"] and seen["all"] == [["boat"] * 3, "Replaced: 2"]
    assert seen["undone"] == ["boat", "ferry", "ferry"]
    assert "His. Last ferry." in seen["both"] and "**quick**" not in seen["both"]
    assert seen["list"] == ["- one", "- two", "", "After."]
    assert seen["arabic"] == ["ar", "rtl", "true"] and seen["moved"] == "ب"
    assert seen["searchProblems"] == seen["problems"] == []
    body = json.loads(desk.page("/here?text=en").text)["form"]["body"]
    assert "**quick**" in body and "His. Last ferry." in body and body.rstrip().endswith("After.")


@needs_browser
@pytest.mark.slow(10)
def test_without_the_component_the_text_area_works(desk, connected):  # noqa: F811
    """As in a build without it, and where its script does not arrive."""
    desk.save(revision=desk.revision(), **{**FIELDS, "body": TEXT})
    seen = staff_in_browser("area.cjs", url=desk.http.url, path=desk.path)["seen"]
    assert seen["area"] and not seen["search"]
    assert seen["bold"].count("**quick**") == 1 and "**quick**" not in seen["undone"]
    assert "# Too high" in seen["led"][0] and re.match(r"line 5 – ", seen["led"][1])
    assert seen["afterTab"] != "f-body" and "**pasted**" in seen["pasted"]
    assert json.loads(desk.page("/here?text=en").text)["form"]["body"].strip() == seen["text"].strip()


def test_its_files(desk):  # noqa: F811
    """In the form of gzip, and as they are for those who want that; a second visit loads nothing."""
    if not has_component(desk):
        pytest.skip("this build has none")
    names = {"codemirror.js": "text/javascript", "codemirror.css": "text/css"}
    for name, kind in names.items():
        packed = desk.http.request("GET", "/" + name, headers={"Accept-Encoding": "gzip"})
        plain = desk.http.request("GET", "/" + name)
        assert packed.status == plain.status == 200 and packed.getheader("Content-Type").startswith(kind)
        assert packed.getheader("Content-Encoding") == "gzip" and plain.getheader("Content-Encoding") is None
        assert gzip.decompress(packed.body) == plain.body and b"CodeMirror" in plain.body
        assert len(packed.body) < 130_000 and packed.getheader("Vary") is not None
        again = desk.http.request("GET", "/" + name, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.getheader("ETag")})
        assert again.status == 304 and again.body == b""
        assert desk.http.request("POST", "/" + name).status in (303, 403, 404, 405)
    for name in ("codemirror", "codemirror.js.gz", "codemirror.", "codemirror.j"):
        assert desk.http.request("GET", "/" + name).status in (303, 404), name
    # The licence goes along.
    assert b"MIT" in desk.http.request("GET", "/codemirror.js").body[:300]


def test_the_build_can_leave_it_out():
    """An option of the build; the packages that build it name it."""
    def read(name):
        with open(os.path.join(TOP, name), encoding="utf-8") as file:
            return file.read()
    assert "option('codemirror', type: 'feature'" in read("meson_options.txt")
    for name in ("debian/control", "tools/install-packages"):
        assert "libjs-codemirror" in read(name), name
