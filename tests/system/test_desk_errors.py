"""A draft that cannot be read or composed says why in the language of the page; its line and its file stay as they are."""
import html
import json
import os
import re
import urllib.parse

import pytest
from test_press_room import FIELDS, Desk, desk  # noqa: F401
from test_staff import StaffServer, staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")
LANGUAGES = [("ru", "[\u0400-\u04ff]"), ("kk", "[\u0400-\u04ff]"), ("ar", "[\u0600-\u06ff]"), ("zh", "[\u4e00-\u9fff]")]
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
    # YAML that is none: each has a hint of its own.
    "tab": {"other": "organisation:\n\tname: x\n"}, "colon": {"other": "slug: a: b\n"}, "indented": {"other": "slug: a\n  b: c\n"},
    "document": {"other": "slug: a\n...\nimages: b\n"}, "no colon": {"other": "slug\nimages: embed\n"}, "sign": {"other": "slug: @x\n"},
    "quotation mark": {"other": 'slug: "a\n'}, "backslash": {"other": 'slug: "C:\\Docs"\n'}, "bar": {"other": "slug: |x\n"},
    "after a quotation": {"other": 'slug: "a" b\n'}, "percent": {"other": "%x: y\n"}, "bracket": {"other": "slug: [a, b\n"},
    "alias": {"other": "slug: *a\n"}, "anchor": {"other": "slug: &a b\n"}, "tag": {"other": "slug: !a b\n"},
    "key": {"other": "[a]: b\n"}, "nested": {"other": "slug: {a: {b: {c: {d: {e: {f: {g: {h: {i: j}}}}}}}}}\n"}, "word": {"other": "just a word\n"},
    # Files and the text.
    "no picture": {"body": "![A quay](quay.png)\n"}, "picture elsewhere": {"body": "![A quay](../quay.png)\n"},
    "no attachment": {"other": "attachments: [none.pdf]\n"}, "attachment elsewhere": {"other": "attachments: [/etc/passwd]\n"},
    "no sound": {"media.0.title": "Speech", "media.0.file": "a.mp3"}, "picture links": {"other": "images: links\n", "body": "![A](a.png)\n"},
    "subject": {"subject": "{{#attribute.press}}x{{/attribute.press}}"}, "no text": {"body": ""}, "link language": {"body": "[a](lang:zzzzzzzzzzz)\n"},
    "not begun": {"body": "a {{/attribute.press}}\n"}, "crossed": {"body": "{{#attribute.a}}{{#attribute.b}}x{{/attribute.a}}{{/attribute.b}}\n"},
    "if is wrong": {"body": "{{#if country ==}}x{{/if}}\n"}, "if is open": {"body": "{{#if country = 'KZ'}}x\n"},
    "deep": {"body": "> " * 120 + "x\n"}, "picture is none": {"body": "![A](ftp://example.org/a.png)\n"}, "link is none": {"body": "[a](ferries)\n"},
    "language": {"other": "language: zzzzzzzzzzzz\n"},
    "zone": {**EVENT, "timezone": "Mars/Base"}, "sender": {"other": "from: nobody\n"}, "reply": {"other": "reply_to: nobody\n"},
}


def told(desk, **fields):  # noqa: F811
    """The answer to the script of the page: the errors among the findings, or why nothing was saved."""
    answer = json.loads(desk.save(accept="application/json", revision=desk.revision(), **fields).text)
    found = [(one["said"], one["text"]) for one in answer.get("findings", []) if one["level"] == "error"]
    return found or [(answer["problem"], answer["problem"])]


def english_in(said):
    """Words of ours that follow each other; examples stand in quotation marks or in braces."""
    rest = re.sub(r"'[^']*'|\"[^\"]*\"|\{\{.*?\}\}|“[^”]*”|«[^»]*»|newsletter( [a-z-]+)+", " ", said)
    return re.findall(r"[A-Za-z]{2,} [a-z]{2,}", rest)


@pytest.mark.slow(1)
@pytest.mark.parametrize("language, letters", LANGUAGES)
def test_errors_are_told_in_the_language_of_the_page(desk, language, letters):  # noqa: F811
    desk.http.cookie += f"; newsletter-language={language}"
    wrong = {}
    for name, fault in FAULTS.items():
        errors = told(desk, **{**FIELDS, **fault})
        assert errors, name
        for said, text in errors:
            if not re.search(letters, said) or english_in(said):
                wrong[name] = (said, text)
    assert not wrong, json.dumps(wrong, ensure_ascii=False, indent=0)
    assert desk.save(revision=desk.revision(), **FIELDS).status == 303


@pytest.mark.slow(1)
def test_errors_are_told_in_english_elsewhere(desk):  # noqa: F811
    """The page in English, and the text for programs on any page."""
    said, text = told(desk, **{**FIELDS, "other": "slug: A B\n"})[0]
    assert "slug 'A B': use up to 100 of a-z, 0-9 and -" in said and "use up to" in text
    desk.http.cookie += "; newsletter-language=ru"
    said, text = told(desk, **{**FIELDS, "other": "slug: A C\n"})[0]
    assert "используйте до 100 знаков" in said and "use up to 100" in text


@pytest.mark.slow(1)
@pytest.mark.parametrize("language, letters", LANGUAGES)
def test_a_key_that_does_not_serve_is_told_in_the_language_of_the_page(staff, connected, language, letters):  # noqa: F811
    """A key for DKIM that is missing, that anybody can read, and a file that is none."""
    http = staff()
    http.login()
    http.cookie += f"; newsletter-language={language}"
    path = urllib.parse.urlsplit(http.press("/drafts", how="new", title="Yurts", list="bulletin").getheader("Location")).path
    before = Desk(http, path)
    assert before.save(revision=before.revision(), **FIELDS).status == 303
    http.stop()
    connected.configure(dkim={"selector": "mail", "key_file": "dkim.pem", "domain": "example.org"})
    for content, mode in ((None, 0), ("x", 0o644), ("x", 0o600)):
        if content:
            os.chmod(connected.write("dkim.pem", content), mode)
        again = StaffServer(connected.folder)
        again.cookie = http.cookie
        page = again.page(path + "/send").text
        again.stop()
        said = [html.unescape(re.sub("<[^>]+>", "", text)) for text in re.findall(r"<li[^>]*>(.*?)</li>", page, re.S) if "dkim.pem" in text]
        assert said and all(re.search(letters, text) and not english_in(text) for text in said), (mode, said)
