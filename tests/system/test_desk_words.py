"""The editor in a real browser: comments that lead to their passage, and how many words a text has."""
import re

import pytest
from browser import in_browser, needs_browser
from test_approval import begin, say  # noqa: F401
from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401

pytestmark = [needs_browser, pytest.mark.one_engine("the engine makes no difference")]
ENGLISH = "# Hello\n\nThe **ferries** sail to [the fair](https://www.example.org/fair) at nine.\n\nTickets are free.\n\nBring a coat.\n"


def staff_in_browser(script, **plan):
    told = in_browser(script, {"password": PASSWORD, **plan})
    assert told["complaints"] == []
    return told


@pytest.mark.slow(5)
def test_a_comment_leads_to_its_passage(begin):  # noqa: F811
    """The passage is marked with the mouse, in each language, over two paragraphs, or copied from the mail. Each comment leads to it."""
    desk = begin(needed="1")  # noqa: F811
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": ENGLISH}).status == 303
    for tag, body in (("ru", "Паромы ходят в девять.\n\nБилеты бесплатны.\n"), ("ar", "تبحر العبّارات في التاسعة.\n\nالتذاكر مجانية.\n")):
        assert desk.http.press(desk.path, action="language", language=tag).status == 303
        revision = re.search(r'name="revision" value="(\w*)"', desk.page(f"?text={tag}").text).group(1)
        assert desk.save(text=tag, revision=revision, **{**FIELDS, "body": body}).status == 303
    revision = re.search(r'name="revision" value="(\w*)"', desk.page("?text=ar").text).group(1)
    assert desk.save(text="ar", action="keep", revision=revision, **{**FIELDS, "body": "أبحرت" + body[4:]}).status == 303
    revision = re.search(r'name="revision" value="(\w*)"', desk.page("?text=ar").text).group(1)
    assert desk.save(text="ar", action="keep", revision=revision, **{**FIELDS, "body": body}).status == 303
    first = re.findall(r'<option value="(\d+)"', desk.page("/history?text=ar").text)[1]
    assert say(desk, "ask").status == 303
    told = staff_in_browser("passage.cjs", url=desk.http.url, path=desk.path, copied="ferries sail to the fair at nine", passages=[
        {"language": "en", "from": "free", "to": "free"}, {"language": "en", "from": "are free", "to": "Bring"},
        {"language": "ru", "from": "ходят", "to": "девять"}, {"language": "ar", "from": "العبّارات", "to": "التاسعة"}],
        gone=["are free", "cost 3 dollars"], versions=f"{desk.path}/history?text=ar&version={first}&with=0")
    marked = ["free", "are free.\n\nBring", "ходят в девять", "العبّارات في التاسعة"]
    assert told["taken"] == marked
    assert told["led"] == [["en", marked[0]], ["en", marked[1]], ["ru", marked[2]], ["ar", marked[3]],
                           ["en", "ferries** sail to [the fair](https://www.example.org/fair) at nine"]]
    assert told["told"] == "This passage is no longer in the text."
    assert told["run"] == ["rtl", "rtl"]  # though each has a word of the page before it, which is heard only


WORDS = [
    ("", 0), ("One two, three.", 3), ("# A heading\n\n- an item\n2. another\n\n> quoted", 6), ("**bold** and *slanted*words", 3),
    ("See [the fair](https://www.example.org/fair?a=1&b=2 \"Fair\") now.", 4), ("See https://www.example.org/a/b or <mailto:a@example.org>.", 4),
    ("A note.[^1]\n\n[^1]: Its own words.", 5), ("![A quay at dusk](<quay 1.jpg>)\n\nTwo words.", 2), ("Dear {{name|reader}}, {{city}}!", 3),
    ("{{#attribute.press}}\nFor the press\n{{/attribute.press}}\n{{#if city = \"Aktau\"}}\nHere\n{{/if}}", 4),
    ("| Time | What |\n|---|:--|\n| 9:30 | Tea |", 4), ("1,500.50 tonnes, 2nd well-known o’clock e-mail", 6), ("<!-- not\nread -->\nRead", 1),
    ("Паромы ходят: «в девять»", 4), ("Oʻzbekiston va o‘g‘il", 3), ("تُبحر العبّارات في التاسعة", 4), ("می‌خواهم بروم", 2),
    ("渡轮九点出发 OK", 7), ("a\u00a0b", 2), ("[ref]: https://www.example.org/x\n\nOne", 1), ("--- * * *", 0), ("e\u0301te\u0301 nai\u0308f", 2),
]


@pytest.mark.slow(5)
def test_words_are_counted(desk):  # noqa: F811
    """As one types; addresses, names of files and signs of Markdown are no words."""
    desk.save(revision=desk.revision(), **{**FIELDS, "body": "Three short words\n"})
    told = staff_in_browser("words.cjs", url=desk.http.url, path=desk.path, texts=[text for text, _ in WORDS])
    assert told["said"][0] == "Words: 3"
    found = [(text, said) for (text, _), said in zip(WORDS, told["said"][1:])]
    assert found == [(text, f"Words: {count}") for text, count in WORDS]
