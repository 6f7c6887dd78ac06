"""A draft that cannot be read or composed says why in the language of the page; its line and its file stay as they are."""
import json
import re

import pytest
from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")
EVENT = {"events.0.title": "Fair", "events.0.date": "2026-09-14"}
FAULTS = {
    "no title": {"title": ""}, "date": {"date": "2026-02-30"}, "embargo": {"embargo": "soon"}, "website": {"contact.web": "example"},
    "variable": {"category": "{{name}}"}, "unknown key": {"other": "zzzzzz: x\n"}, "like another": {"other": "slugg: x\n"},
    "comment": {"other": "slug: a # b\n"}, "no value": {"other": "slug: null\n"}, "list": {"other": "slug: [a]\n"},
    "no list": {"other": "attachments: x\n"}, "twice": {"other": "slug: a\nslug: b\n"}, "slug": {"other": "slug: A B\n"},
    "archive": {"other": "archive: secret\n"}, "images": {"other": "images: big\n"}, "design": {"other": "design: poster\n"},
    "lines": {"other": "slug: |\n  a\n  b\n"}, "no YAML": {"other": "slug: a: b\n"}, "no event": {"events.0.title": "Fair"},
    "day": {**EVENT, "events.0.date": "2026-02-30"}, "last day": {**EVENT, "events.0.until": "2026-09-13"},
    "time": {**EVENT, "events.0.time": "25:00"}, "end": {**EVENT, "events.0.time": "10:00", "events.0.end": "9"},
    "order": {**EVENT, "events.0.time": "10:00", "events.0.end": "09:00"}, "url": {**EVENT, "events.0.url": "x"},
    "no name": {"events.0.date": "2026-09-14"}, "no recording": {"media.0.title": "Speech"},
    "length": {"media.0.title": "Speech", "media.0.url": "https://example.org/a.mp3", "media.0.duration": "long"},
    "address": {"media.0.title": "Speech", "media.0.url": "x"}, "sound": {"media.0.title": "Speech", "media.0.file": "a.doc"},
    "not there": {"body": "{{nosuch}}\n"}, "open": {"body": "A {{#attribute.press}} b\n"},
}


def told(desk, **fields):  # noqa: F811
    """The answer to the script of the page: the errors among the findings, or why nothing was saved."""
    answer = json.loads(desk.save(accept="application/json", revision=desk.revision(), **fields).text)
    found = [(one["said"], one["text"]) for one in answer.get("findings", []) if one["level"] == "error"]
    return found or [(answer["problem"], answer["problem"])]


@pytest.mark.parametrize("language, letters", [("ru", "[\u0400-\u04ff]"), ("kk", "[\u0400-\u04ff]"), ("ar", "[\u0600-\u06ff]"), ("zh", "[\u4e00-\u9fff]")])
def test_errors_are_told_in_the_language_of_the_page(desk, language, letters):  # noqa: F811
    desk.http.cookie += f"; newsletter-language={language}"
    wrong = {}
    for name, fault in FAULTS.items():
        for said, text in told(desk, **{**FIELDS, **fault}):
            if not re.search(letters, said):
                wrong[name] = (said, text)
    assert wrong == {}
    assert desk.save(revision=desk.revision(), **FIELDS).status == 303


def test_errors_are_told_in_english_elsewhere(desk):  # noqa: F811
    """The page in English, and the text for programs on any page."""
    said, text = told(desk, **{**FIELDS, "other": "slug: A B\n"})[0]
    assert "slug 'A B': use up to 100 of a-z, 0-9 and -" in said and "use up to" in text
    desk.http.cookie += "; newsletter-language=ru"
    said, text = told(desk, **{**FIELDS, "other": "slug: A C\n"})[0]
    assert "используйте до 100 знаков" in said and "use up to 100" in text
