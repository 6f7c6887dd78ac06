"""newsletter check: what would hurt an issue, said before it goes out."""
import json
import os
import re
import shutil

import pytest
from conftest import SAMPLE
from test_enclosures import png

pytestmark = pytest.mark.one_engine("the engine makes no difference")

BODY = "Dear {{name|reader}},\n\n" + "Words and more words about ferries and harbours. " * 5 + "\n\n"


@pytest.fixture
def good(site, signing_key):
    """A site with nothing to object to."""
    shutil.copy(signing_key[0], os.path.join(site.folder, "dkim.key"))
    site.configure(dkim={"selector": "s1", "key_file": "dkim.key"})
    return site


def rules(site, body=BODY, expect=0, **front):
    front = {"preheader": "A line", **front}
    out = site.run("check", "--json", site.issue(body, **front), expect=expect).out
    return {(found["level"], found["rule"]) for found in json.loads(out)}


def test_nothing_to_say(good):
    assert rules(good) == set()
    assert "no errors, no warnings" in good.run("check", good.issue(BODY, preheader="A line")).out


def test_the_sample(good):
    good.run("check", SAMPLE)


@pytest.mark.parametrize("body, level, rule", [
    ("![](https://www.example.org/a.png)\n", "warning", "image-alt"),
    ("[Press](http://www.example.org/)\n", "warning", "not-https"),
    ("[Press](https://192.0.2.7/x)\n", "warning", "link-numeric"),
    ("[Press](https://intranet/x)\n", "error", "link-unreachable"),
    ("[Press](https://printer.local/x)\n", "error", "link-unreachable"),
    ("[Press](https://bit.ly/x)\n", "warning", "link-shortened"),
    ("[https://bank.example.com](https://evil.example.net/)\n", "error", "link-deceives"),
    ("[](https://www.example.org/)\n", "warning", "link-empty"),
    ("x " * 60000 + "\n", "error", "size"),
    ("x " * 47000 + "\n", "warning", "size"),
], ids=["alt", "http", "numeric", "intranet", "local", "short", "phish", "empty", "huge", "large"])
def test_body(good, body, level, rule):
    found = rules(good, BODY + body, expect=65 if level == "error" else 0)
    assert found == {(level, rule)}


@pytest.mark.parametrize("body, rule, line", [
    ("![](quay.png)", "image-alt", 1),
    ("x\n![](quay.png)", "image-alt", 2),
    ("![IMG_1234](quay.png)", "image-words", 1),
    ("![logo](quay.png)", "image-words", 1),
    ("Read [here](https://www.example.org/).", "link-words", 1),
    ("Подробности [здесь](https://www.example.org/).", "link-words", 1),
    ("[*Read more*](https://www.example.org/)", "link-words", 1),
    ("# Another title", "heading-order", 1),
    ("## One\n\n#### Two", "heading-order", 3),
    ("### One", "heading-order", 1),
    ("##\n\nx", "heading-empty", None),
    ("**What is CICA?**\n\nA forum.", None, None),
    ("**The programme**\n\nIt begins at nine.", "heading-bold", 1),
    ("| Time | |\n|---|---|\n| 9 | Talk |", "table-head", 1),
    ("| | Time |\n|---|---|\n| Talk | 9 |", None, None),
    ("x\n\n| | |\n|---|---|\n| Time | Talk |", "table-head", 3),
    ("x\n\n[](https://www.example.org/)", "link-empty", 3),
    ("| Time | Place |\n|-|-|\n| 9 | Hall |", None, None),
    ("Below:\n| Time | Place |\n|-|-|\n| 9 | Hall |", "table-rows", 3),
    ("| Time | Place | Talk |\n|:-|-:|\n| 9 | Hall |", "table-rows", 2),
    ("|---|---|\n| 9 | Hall |", "table-rows", 1),
    ("Two a|b and\n- -", None, None),
    ("Второй круглый стол о паромном сообщении.", "language-mark", 1),
    ("- x\n- Второй круглый стол о паромном сообщении.", "language-mark", 2),
    ("[Второй круглый стол о паромном сообщении.](lang:ru)", None, None),
    ("a) x\nb) y\n\n        1. z", "indented-code", 4),
    ("а) x\nб) y\n\n         1. z", "indented-code", 4),
    ("a) x\nb) y\n\n   1. z", None, None),
    ("x\n\n\tAn indented paragraph.", "indented-code", 3),
    ("1. x\n\n```\ncode\n```", None, None),
    ("x\n\n[^1]: lost", "footnote", 3),
    ("x[^1]\n\n[^1]: found", None, None),
    ("<img src='https://www.example.org/a.png'>", "image-alt", 1),
    ("<table><tr><td>x</td></tr></table>", "table-head", 1),
    ("<table role='presentation'><tr><td>x</td></tr></table>", None, None),
    ("<table><tr><th>x</th></tr></table>", None, None),
    ("<p>\n<span style='color:#ccc'>x</span></p>", "contrast", 2),
    ("x <span style='color:#003366'>y</span>", "contrast", 1),  # on a dark screen
    ("<p style='background:#eee'>y</p>", "contrast", 1),
    ("<p style='color:#111;background:#eee'>y <b style='background:#333'>z</b></p>", "contrast", 1),
    ("<p style='color:#111;background:#eee'>y</p>\n\n<p style='font-size:20px'>z</p>", None, None),
    ("<font color='yellow'>z</font>", "contrast", 1),
])
def test_accessibility(good, body, rule, line):
    with open(os.path.join(good.folder, "quay.png"), "wb") as out:
        out.write(png())
    good.configure(raw_html=True)
    path = good.issue(BODY + body + "\n", preheader="A line")
    found = json.loads(good.run("check", "--json", path).out)
    assert [one["rule"] for one in found] == ([rule] if rule else []), found
    if line:
        with open(path, encoding="utf-8") as source:
            before = source.read().split(body)[0].count("\n")
        assert found[0]["text"].startswith(f"line {before + line}: "), found


def test_the_language_of_the_edition_counts(good):
    body = "Второй круглый стол о паромном сообщении. " * 5
    assert rules(good, body, language="ru") == set()
    assert "is not a language tag" in good.run("check", good.issue("[x](lang:Not_A_Tag)\n"), expect=65).err


def test_attributes_that_nobody_has(good):
    body = BODY + """{{attribute.ctiy}} {{attribute.city}} {{#attribute.vpi}}x{{/attribute.vpi}} {{attribute.ctiy|there}}
{{#if city = "Aktau" or contry = "kz"}}x{{/if}}\n"""
    assert rules(good, body) == set()  # nobody is there yet
    good.add_active(["ann@example.org", "bob@example.org"])
    good.sql("""UPDATE subscriber SET attributes = '{"city":"Aktau"}' WHERE id = 2""")
    found = json.loads(good.run("check", "--json", good.issue(body, preheader="A line")).out)
    assert [(one["level"], one["rule"]) for one in found] == [("warning", "attribute")] * 3
    assert [one["text"].split("'")[1] for one in found] == ["ctiy", "vpi", "contry"]
    assert "1 warning: see" in good.run("send", "--yes", "--dry-run", good.issue(BODY + "{{attribute.x}}\n", preheader="A line")).out


def test_images_alone(good):
    assert rules(good, "![A chart](https://www.example.org/a.png)\n") == {("warning", "all-images")}


@pytest.mark.parametrize("subject, level, rule", [
    ("a " * 50, "warning", "subject-length"),
    ("GREAT NEWS FOR EVERYBODY", "warning", "subject-capitals"),
    ("Money!!", "warning", "subject-marks"),
    ("Re: our talk", "error", "subject-reply"),
], ids=["long", "capitals", "marks", "reply"])
def test_subject(good, subject, level, rule):
    found = rules(good, subject=subject.strip(), expect=65 if level == "error" else 0)
    assert found == {(level, rule)}


def test_the_subject_is_counted_in_characters(good):
    assert rules(good, subject="Жаңалықтар " * 5 + "бүгін") == set()


def test_preheader(good):
    assert rules(good, preheader=None) == {("warning", "preheader")}


def test_sender(good):
    good.run("list", "edit", "bulletin", "--from", "press@gmail.com")
    assert rules(good, expect=65) == {("error", "from-free-mail"), ("warning", "from-name")}
    good.run("list", "edit", "bulletin", "--from", "Press <press@example.com>")
    good.configure(dkim={"selector": "s1", "key_file": "dkim.key", "domain": "example.net"})
    assert rules(good, expect=65) == {("error", "dkim-alignment")}
    good.configure(dkim={})
    assert rules(good) == {("warning", "dkim"), ("warning", "spf-alignment")}
    good.run("list", "edit", "bulletin", "--from", "Press <press@news.example.org>")
    assert rules(good) == {("warning", "dkim")}


def test_configuration(good):
    good.configure(unsubscribe_url="http://www.example.org/u?token={token}", bounce_address=None)
    assert rules(good, expect=65) == {("error", "one-click"), ("warning", "bounce-address")}


def test_postal_address(good):
    good.sql("UPDATE list SET postal_address = NULL")
    assert rules(good, expect=65) == {("error", "postal-address")}


def test_a_template_without_the_link(good):
    folder = os.path.join(good.folder, "mine")
    os.mkdir(folder)
    good.write("mine/bulletin.html", "<html><body>{{{body}}}<script>x</script></body></html>")
    good.configure(templates="mine")
    assert rules(good, expect=65) == {("error", "unsubscribe-link"), ("warning", "html")}


def test_strict_and_plain_output(good):
    issue = good.issue(BODY)
    assert good.run("check", issue).out.startswith(
        f"warning: {issue}: no 'preheader'")
    assert "0 errors, 1 warning" in good.run("check", "--strict", issue, expect=65).err


def test_an_unknown_variable_is_an_error(good):
    assert "unknown variable" in good.run("check", good.issue("Dear {{nmae}}\n"), expect=65).err


def test_styles_that_are_not_inlined(good):
    page = ("<html><head><style>@media (max-width:9px){p{margin:0}} .loud{color:red}\n:root{color-scheme:"
            "light}</style></head><body>{{{body}}}<a href=\"{{unsubscribe_url}}\">x</a></body></html>")
    os.mkdir(os.path.join(good.folder, "mine"))
    good.write("mine/bulletin.html", page)
    good.configure(templates="mine")
    found = json.loads(good.run("check", "--json", good.issue(BODY, preheader="A line")).out)
    assert [item["rule"] for item in found] == ["style"] and ".loud" in found[0]["text"]
    good.write("mine/bulletin.html", page.replace(".loud{color:red}", "@media (min-width:1px){" +
                                                  "p{margin:0}" * 900 + "}"))
    found = json.loads(good.run("check", "--json", good.issue(BODY, preheader="A line")).out)
    assert [item["rule"] for item in found] == ["style"] and "8192" in found[0]["text"]


def test_each_language_is_looked_at(good):
    good.issue(BODY, name="issue.en.md", preheader="A line")
    russian = "Слова и ещё слова о паромах и гаванях. " * 5
    good.issue(russian + "[x](http://www.example.org/)\n", name="issue.ru.md", preheader="A line")
    path = os.path.join(good.folder, "issue.md")
    (found,) = json.loads(good.run("check", "--json", path).out)
    assert found["rule"] == "not-https" and found["file"].endswith("issue.ru.md")


def test_send_says_what_is_wrong(good):
    good.add_active(["ann@example.org"])
    path = good.issue(BODY + "[x](http://intranet/)\n", preheader="y")
    for args in (("--dry-run",), ("--yes",), ("--yes", "--at", "2030-01-01 09:00")):
        told = good.run("send", "--yes", path, *args, expect=65)
        assert re.search(r"Error: {6}line \d+: the link http://intranet/ leads to a host", told.out)
        assert "Check:      1 warning: see 'newsletter check" in told.out and "1 error, nothing was sent" in told.err, args
    assert good.sql("SELECT count(*) FROM issue") == [(0,)]
    good.run("send", "--yes", path, "--dry-run", "--despite-errors")
