"""newsletter check: what would hurt an issue, said before it goes out."""
import json
import os
import shutil

import pytest
from conftest import SAMPLE

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
    ("[here](http://www.example.org/)\n", "warning", "not-https"),
    ("[here](https://192.0.2.7/x)\n", "warning", "link-numeric"),
    ("[here](https://intranet/x)\n", "error", "link-unreachable"),
    ("[here](https://printer.local/x)\n", "error", "link-unreachable"),
    ("[here](https://bit.ly/x)\n", "warning", "link-shortened"),
    ("[https://bank.example.com](https://evil.example.net/)\n", "error", "link-deceives"),
    ("[](https://www.example.org/)\n", "warning", "link-empty"),
    ("x " * 60000 + "\n", "error", "size"),
    ("x " * 47000 + "\n", "warning", "size"),
], ids=["alt", "http", "numeric", "intranet", "local", "short", "phish", "empty", "huge", "large"])
def test_body(good, body, level, rule):
    found = rules(good, BODY + body, expect=65 if level == "error" else 0)
    assert found == {(level, rule)}


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
    good.issue(BODY + "[x](http://www.example.org/)\n", name="issue.ru.md", preheader="A line")
    path = os.path.join(good.folder, "issue.md")
    (found,) = json.loads(good.run("check", "--json", path).out)
    assert found["rule"] == "not-https" and found["file"].endswith("issue.ru.md")


def test_send_says_what_is_wrong(good):
    good.add_active(["ann@example.org"])
    path = good.issue(BODY + "[x](http://intranet/)\n", preheader="y")
    for args in (("--dry-run",), ("--yes",), ("--yes", "--at", "2030-01-01 09:00")):
        told = good.run("send", "--yes", path, *args, expect=65)
        assert "Error:      the link http://intranet/ leads to a host" in told.out
        assert "Check:      1 warning: see 'newsletter check" in told.out and "1 error, nothing was sent" in told.err, args
    assert good.sql("SELECT count(*) FROM issue") == [(0,)]
    good.run("send", "--yes", path, "--dry-run", "--despite-errors")
