"""Personalisation: variables with fallbacks, and passages for some readers only."""
import json

import pytest
from conftest import html, parse, plain


def read(site, server, people, body, **front):
    """Sends to people (name, attributes) and returns their messages in order."""
    for index, (name, attributes) in enumerate(people):
        site.add_active([f"p{index}@example.org"], name=name)
        site.sql("UPDATE subscriber SET attributes = ? WHERE address = ?",
                 json.dumps(attributes, ensure_ascii=False), f"p{index}@example.org")
    site.run("send", "--yes", site.issue(body, **front))
    return [parse(server.messages(f"p{index}@example.org")[0].split(b"\r\n", 2)[2])
            for index in range(len(people))]


def body_of(message):
    text = plain(message)
    return text[text.index("A title\n=======\n") + 16:text.index("\n-- \n")].strip()


def test_blocks(connected, server):
    first, second = read(connected, server, [("Ann", {"vip": "yes"}), (None, {})],
                         "Before.\n\n{{#attribute.vip}}\nFor you.\n\n- one\n- two\n\n"
                         "{{/attribute.vip}}\n{{^attribute.vip}}\nFor others.\n{{/attribute.vip}}\n\n"
                         "After.\n")
    assert body_of(first) == "Before.\n\nFor you.\n\n- one\n- two\n\nAfter."
    assert body_of(second) == "Before.\n\nFor others.\n\nAfter."
    assert "For others" not in html(first) and "<li" not in html(second)


def test_words_items_and_links(connected, server):
    first, second = read(connected, server, [("Ann", {"city": "Ақтау & <b>"}), (None, {})],
                         "Dear{{#name}} {{name}}{{/name}}{{^name}} reader{{/name}}: **you"
                         "{{#attribute.city}} from {{attribute.city}}{{/attribute.city}}**.\n\n"
                         "- {{#attribute.city}}[map](https://www.example.org/map){{/attribute.city}}\n"
                         "- always\n")
    assert body_of(first) == ("Dear Ann: *you from Ақтау & <b>*.\n\n- map [1]\n- always\n\n"
                              "[1] https://www.example.org/map")
    assert body_of(second).startswith("Dear reader: *you*.\n\n- always")
    assert "Ақтау &amp; &lt;b&gt;" in html(first)
    assert html(second).count("<li") == 1 and "/map" not in html(second)


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("value, shown", [("yes", True), ("", False), ("no", False), ("0", False),
                                          ("False", False), (1, True), (0, False), (True, True),
                                          (False, False), (None, False), (["a"], True)])
def test_what_counts_as_set(connected, server, value, shown):
    (message,) = read(connected, server, [("Ann", {"x": value})],
                      "A.\n\n{{#attribute.x}}Shown.{{/attribute.x}}\n\n"
                      "{{^attribute.x}}Hidden.{{/attribute.x}}\n")
    assert body_of(message) == "A.\n\n" + ("Shown." if shown else "Hidden.")


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("value, shown", [("   ", None), ("\u00a0", None), ("\u200b\u2060", None), ("\t\u3000", None),
                                          ("  Ann ", "Ann"), ("\u00a0Әсел\u200b", "Әсел"), ("", None)])
def test_blank_values_fall_back(connected, server, value, shown):
    (message,) = read(connected, server, [(value, {"city": value})],
                      "Dear {{name|reader}} of {{attribute.city|nowhere}}.\n\n{{#name}}\nN\n{{/name}}\n"
                      "{{#attribute.city}}\nA\n{{/attribute.city}}\n{{#if city is known}}\nK\n{{/if}}\n")
    assert body_of(message) == (f"Dear {shown} of {shown}.\n\nN\n\nA\n\nK" if shown else "Dear reader of nowhere.")
    assert message["To"].addresses[0].display_name == (shown or "")


def test_nested_and_repeated(connected, server):
    first, second = read(connected, server, [("Ann", {"a": "1"}), ("Ann", {"a": "1", "b": "1"})],
                         "{{#attribute.a}}\nA\n\n{{#attribute.b}}B{{/attribute.b}}\n\n"
                         "{{^attribute.b}}{{#name}}C{{/name}}{{/attribute.b}}\n{{/attribute.a}}\n")
    assert body_of(first) == "A\n\nC" and body_of(second) == "A\n\nB"


COMPARED = """{{#if attribute.city = "Aktau" and age >= 18}}
For *grown-ups* in Aktau.

- one

{{/if}}
{{^if city = "Aktau"}}
For others.
{{/if}}

Tags: {{#if tags has 'press' or name ~ "*b_"}}press <{{name|nobody}}>{{/if}}{{#if not (city = "Ak}}tau")}}.{{/if}}
"""


def test_comparisons(connected, server):
    messages = read(connected, server, [("Ann", {"city": "aktau", "age": "42", "tags": ["press"]}),
                                        ("Ann", {"city": "Aktau", "age": 9}), ("a*b_c", {"city": "Ak}}tau"}), (None, {})],
                    COMPARED)
    assert [body_of(message) for message in messages] == [
        "For _grown-ups_ in Aktau.\n\n- one\n\nTags: press <Ann>.", "Tags: .", "For others.\n\nTags: press <a*b_c>",
        "For others.\n\nTags: ."]
    assert ["<li" in html(message) for message in messages] == [True, False, False, False]
    assert "0x" not in plain(messages[0]).split("\n-- \n")[0] and "{{" not in html(messages[0])


@pytest.mark.slow(1)
def test_a_segment_and_a_condition_mean_the_same(connected, server):
    """The same expression chooses the same people in --where, by SQL, and within an issue, without it."""
    people = [(None, {}), ("Ann", {"city": "Aktau"}), ("Bob", {"city": "АҚТАУ", "age": "9"}), ("Cyd", {"age": 42, "city": ""}),
              ("Dan", {"tags": ["a", "b"], "age": "x"}), (None, {"tags": "a, c", "vip": True, "city": None})]
    expressions = ['city = "aktau"', 'city != "aktau"', "age > 9", "age >= 9", "age != 42", 'age < "5"', 'tags has "A"',
                   "vip = 1", "city is known", "city is unknown", 'not city ~ "k"', 'name in ("ann", "dan")',
                   'not (age = 42 or city = "Aktau")', 'email ~ "p3"', 'domain = "example.org"', 'domain != "example.org"']
    body = "".join(f"{{{{#if {expression}}}}}[{index}]{{{{/if}}}}" for index, expression in enumerate(expressions))
    messages = read(connected, server, people, body + " end\n")
    for index, expression in enumerate(expressions):
        within = sum(f"[{index}]" in plain(message) for message in messages)
        result = connected.run("send", "--yes", connected.issue(number=f"No {index + 9}"), "--dry-run", "--where", expression,
                               expect=0 if within else 65)
        assert (f"Recipients: {within}\n" if within else "no active subscription in that segment") in result.out + result.err


def test_in_base64_as_well(connected, server):
    words = "Бұл ұзақ сөйлем. " * 20
    first, second = read(connected, server, [("Әсел", {}), (None, {})],
                         f"{words}\n\n{{{{#name}}}}\nҚұрметті {{{{name}}}}!\n{{{{/name}}}}\n\n{words}\n")
    assert "base64" in first.get_body(("plain",))["Content-Transfer-Encoding"]
    assert "Құрметті Әсел!" in plain(first) and "Құрметті" not in plain(second)
    assert "Құрметті Әсел!" in html(first) and "Құрметті" not in html(second)


def test_subject_and_preheader(connected, server):
    first, second = read(connected, server, [("Ann Ә", {"city": "Aktau"}), (None, {})], "Hello\n",
                         subject="{{name|Reader}}, news from {{attribute.city|us}}",
                         preheader="For {{name|you}} & others")
    assert first["Subject"] == "Ann Ә, news from Aktau" and second["Subject"] == "Reader, news from us"
    assert ">For Ann Ә &amp; others&#847;" in html(first) and ">For you &amp; others&#847;" in html(second)
    assert "<title>Ann Ә, news from Aktau</title>" in html(first)


def test_a_subject_cannot_be_broken_by_a_name(connected, server):
    connected.add_active(["ann@example.org"], name="Ann\r\nBcc: eve@example.org")
    connected.run("send", "--yes", connected.issue(subject="For {{name}}"))
    message = parse(server.messages("ann@example.org")[0].split(b"\r\n", 2)[2])
    assert message["Bcc"] is None and message["Subject"].startswith("For Ann")


def test_a_long_fallback_is_one(connected, server):
    fallback = "very dear and much honoured reader who has not told us any name so far"
    (message,) = read(connected, server, [(None, {})], f"Dear {{{{name|{fallback}}}}}, welcome.\n")
    assert fallback in plain(message).replace("\n", " ") and fallback in html(message)


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("body, said", [
    ("{{#name}}x\n", "does not end in the same place"),
    ("x{{/name}}\n", "does not begin in the same place"),
    ("{{#name}}x{{/email}}\n", "does not begin in the same place"),
    ("*a {{#name}}b* c{{/name}}\n", "both within one"),
    ("a {{#name}}b\n\nc{{/name}} d\n", "both within one"),
    ("{{#nmae}}x{{/nmae}}\n", "unknown variable {{#nmae}}"),
    ("{{#attribute.}}x{{/attribute.}}\n", "unknown variable"),
    ("`{{#name}}`\n", "is not closed"),
    ('{{#if city = Aktau}}x{{/if}}\n', "in quotation marks"),
    ('{{#if city}}x{{/if}}\n', "{{#if city}}"),
    ('{{#if language = "ru"}}x{{/if}}\n', "not for language"),
    ('{{#if city = "a"}}x{{/city}}\n', '{{/city}} does not begin'),
    ('{{#if city = "a"}}x\n', '{{#if city = "a"}} does not end'),
    ('x{{/if}}\n', "{{/if}} does not begin"),
    ('*a {{#if city = "a"}}b* c{{/if}}\n', "both within one"),
    ("{{#name}}" * 21 + "x" + "{{/name}}" * 21 + "\n", "nested more than 20 deep"),
], ids=["open", "close", "other", "span", "blocks", "unknown", "no name", "code", "no quotes", "no comparison",
        "field", "other end", "if open", "if close", "if span", "deep"])
def test_bad_conditions(connected, body, said):
    result = connected.run("preview", connected.issue(body), expect=65)
    assert said in result.err and "issue.md" in result.err and len(result.err.splitlines()) == 1


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("front, said", [
    ({"title": "For {{name}}"}, "title cannot hold a variable"),
    ({"subject": "{{#name}}x{{/name}}"}, "cannot hold a condition"),
    ({"subject": "{{nmae}}"}, "unknown variable {{nmae}}"),
    ({"preheader": "{{nmae}}"}, "unknown variable {{nmae}}"),
])
def test_bad_front_matter(connected, front, said):
    assert said in connected.run("preview", connected.issue(**front), expect=65).err
