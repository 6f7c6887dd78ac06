"""The languages of a draft as tabs: which are there, which are older than the first, which are missing."""
import json
import re

from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import staff  # noqa: F401


def tabs(page):
    """The remarks of the tabs by language."""
    nav = re.search(r'<nav class="tabs".*?</nav>', page, re.S).group(0)
    shown = {tag: "older" if not hidden else "" for tag, hidden in re.findall(r'data-older="(\w+)"( hidden)?>', nav)}
    shown.update((tag, "missing") for tag in re.findall(r'name="language" value="(\w+)"', nav))
    return shown


def test_missing_and_older(desk, connected):  # noqa: F811
    """A list is written in its own language and in those of its last issue; a click on a missing one begins it."""
    assert tabs(desk.page().text) == {"en": ""}
    connected.add_active(["reader@example.org"])
    connected.issue("Всем привет.", name="old.ru.md", title="Весна", number="No 1")
    connected.run("send", "--yes", connected.issue("Hello", name="old.md", title="Spring"))
    assert tabs(desk.page().text) == {"en": "", "ru": "missing"}
    assert desk.http.press(desk.path, action="language", language="ru").status == 303
    assert tabs(desk.page().text) == {"en": "", "ru": ""}
    connected.sql("UPDATE draft_version SET at = at - 100 WHERE language = 'ru'")
    answer = json.loads(desk.save(accept="application/json", revision=desk.revision(), **FIELDS).text)
    assert [(text["tag"], text["older"], text["chosen"]) for text in answer["texts"]] == [("en", False, True), ("ru", True, False)]
    assert tabs(desk.page().text) == {"en": "", "ru": "older"}
    assert tabs(desk.page("?text=ru").text) == {"en": "", "ru": "older"}
