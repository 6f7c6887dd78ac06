"""Issues in several languages, and the system's own texts in each."""
import glob
import os
import re
import subprocess

import pytest
from conftest import TOP, html, link, parse, plain, token, wait_for


def files(site, **titles):
    """issue.LANGUAGE.md for each; "plain" for one without a language."""
    for language, title in titles.items():
        name = "issue.md" if language == "plain" else f"issue.{language}.md"
        site.issue(f"Body in {language}.\n", name=name, title=title,
                   slug="issue" if language in ("plain", "en") else None)
    return os.path.join(site.folder, "issue.md")


def speaks(site, **languages):
    for person, language in languages.items():
        site.add_active([f"{person}@example.org"])
        site.sql("UPDATE subscriber SET language = ? WHERE address = ?", language,
                 f"{person}@example.org")


def got(server, person):
    (raw,) = server.messages(f"{person}@example.org")
    return parse(raw.split(b"\r\n", 2)[2])


def test_each_gets_their_own(connected, server):
    path = files(connected, en="News", ru="Новости", kk="Жаңалықтар")
    speaks(connected, ann="en", boris="ru", dana="kk-KZ", emil="de", fay=None, gleb="RU-by")
    out = connected.run("send", "--yes", path).out
    assert "en for everybody else" in out and "ru (" in out and "Recipients: 6" in out
    for person, language, title in [("ann", "en", "News"), ("boris", "ru", "Новости"),
                                    ("dana", "kk", "Жаңалықтар"), ("emil", "en", "News"),
                                    ("fay", "en", "News"), ("gleb", "ru", "Новости")]:
        message = got(server, person)
        assert message["Subject"] == f"No 1: {title}" and message["Content-Language"] == language
        assert f"Body in {language}." in plain(message)
        assert f'<html lang="{language}" dir="ltr">' in html(message)
    assert "Отписаться: https://" in plain(got(server, "boris"))
    assert "25 августа 2026 г." in plain(got(server, "boris"))
    assert "2026 жылғы 25 тамыз" in html(got(server, "dana"))
    assert "25 August 2026" in plain(got(server, "emil"))


def test_the_file_without_a_language_is_for_the_rest(connected, server):
    connected.run("list", "edit", "bulletin", "--language", "ru")
    path = files(connected, plain="Общее", en="News")
    speaks(connected, ann="en-GB", boris="ru", emil="de")
    connected.run("send", "--yes", path)
    assert [got(server, person)["Subject"] for person in ("ann", "boris", "emil")] == [
        "No 1: News", "No 1: Общее", "No 1: Общее"]


def test_deferred_mail_keeps_its_language(connected, server):
    server.handler.tempfail.add("boris@example.org")
    path = files(connected, en="News", ru="Новости")
    speaks(connected, boris="ru")
    connected.run("send", "--yes", path)
    assert connected.states() == {"deferred": 1}
    os.unlink(path.replace(".md", ".ru.md"))  # what was begun is in the database
    server.handler.tempfail.clear()
    connected.sql("UPDATE delivery SET next_attempt_at = 1")
    connected.run("retry")
    assert got(server, "boris")["Subject"] == "No 1: Новости"


def test_one_issue_whatever_file_is_named(connected, server):
    files(connected, en="News", ru="Новости")
    speaks(connected, ann="en")
    connected.run("send", "--yes", os.path.join(connected.folder, "issue.ru.md"))
    again = connected.run("send", "--yes", os.path.join(connected.folder, "issue.en.md"), expect=65)
    assert "nothing is left to send" in again.err
    files(connected, ru="Новое")
    again = connected.run("send", "--yes", os.path.join(connected.folder, "issue.md"), expect=65)
    assert "with other content" in again.err


def test_test_mail_and_preview_show_each(connected, server):
    path = files(connected, en="News", ru="Новости")
    connected.run("send", "--yes", "--test", "boss@example.org", path)
    assert [parse(raw.split(b"\r\n", 2)[2])["Content-Language"]
            for raw in server.messages("boss@example.org")] == ["en", "ru"]
    written = connected.run("preview", path).out.split()
    assert "issue.preview/issue.ru.eml" in written and "issue.preview/index.html" in written


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("make, said", [
    (lambda site: files(site, plain="x", en="y"), "one file for each language"),
    (lambda site: site.issue(name="issue.ru.md", language="kk"), "its name says ru"),
    (lambda site: site.issue(name="issue.md", language="not a tag"), "is not a language tag"),
], ids=["twice", "contradiction", "no tag"])
def test_bad_sets(connected, make, said):
    result = connected.run("preview", make(connected), expect=65)
    assert said in result.err and len(result.err.splitlines()) == 1


def test_which_is_for_the_rest_must_be_clear(connected):
    path = files(connected, ru="Новости", kk="Жаңалықтар")
    result = connected.run("preview", path, expect=66)
    assert "readers of other languages" in result.err
    connected.run("preview", path.replace(".md", ".kk.md"))


def test_other_names_with_dots_are_names(connected):
    connected.issue(name="issue.v2.md", title="x")
    connected.issue(name="issue.final.md", title="x")
    out = connected.run("preview", connected.issue()).out
    assert "final" not in out and "v2" not in out


@pytest.mark.one_engine("the engine makes no difference")
def test_right_to_left(connected):
    path = connected.issue("مرحبا\n", language="ar")
    connected.run("preview", path)
    page = open(os.path.join(connected.folder, "issue.preview", "issue.html"), encoding="utf-8").read()
    assert '<html lang="ar" dir="rtl">' in page


@pytest.mark.parametrize("language, subject, answer, done", [
    ("ru", "Пожалуйста, подтвердите подписку на рассылку «News Bulletin»", "Спасибо.", "подтверждена"),
    ("kk", "«News Bulletin» таратылымына жазылуыңызды растаңыз", "Рақмет.", "расталды"),
    ("nl", "Please confirm your subscription to News Bulletin", "Thank you.", "is confirmed"),
])
def test_the_systems_own_texts(connected, server, language, subject, answer, done):
    connected.configure(notices={"welcome": True, "goodbye": True})
    said = connected.run("subscribe", "ann@example.org", "--language", language).out
    assert said.startswith(answer)
    message = parse(server.messages("ann@example.org")[0])
    assert message["Subject"] == subject
    assert message["Content-Language"] == ("en" if language == "nl" else language)
    assert done in connected.run("confirm", token(message, "confirm")).out
    _, welcome = map(parse, server.messages("ann@example.org"))
    assert welcome["Content-Language"] == message["Content-Language"]
    page = connected.run("unsubscribe", "--html", token(welcome, "unsubscribe")).out
    assert f'<html lang="{message["Content-Language"]}"' in page and "News Bulletin" in page
    assert len(server.messages("ann@example.org")) == 3


def test_welcome_and_goodbye(connected, server):
    connected.configure(notices={"welcome": True, "goodbye": True})
    connected.run("list", "edit", "bulletin", "--archive-url", "https://www.example.org/archive",
                  "--subscribe-url", "https://www.example.org/join")
    connected.run("subscribe", "ann@example.org", "--name", "Ann")
    key = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.run("confirm", "-", stdin=key.encode())  # as a hook: in the background
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    welcome = parse(server.messages("ann@example.org")[1])
    assert welcome["Subject"] == "Welcome to News Bulletin"
    assert welcome["Auto-Submitted"] == "auto-generated" and "One-Click" in welcome["List-Unsubscribe-Post"]
    assert "https://www.example.org/archive" in plain(welcome) and "archive" in html(welcome)
    assert "Ann" not in plain(welcome)
    assert "You have already confirmed." in connected.run("confirm", key).out
    connected.run("unsubscribe", token(welcome, "unsubscribe"))
    goodbye = parse(server.messages("ann@example.org")[2])
    assert goodbye["Subject"] == "You have unsubscribed from News Bulletin"
    assert "https://www.example.org/join" in plain(goodbye)
    connected.run("unsubscribe", token(welcome, "unsubscribe"))  # again: says nothing more
    assert len(server.messages("ann@example.org")) == 3


def test_no_goodbye_to_who_never_confirmed_or_joined_again(connected, server):
    connected.configure(notices={"goodbye": True})
    connected.run("subscribe", "ann@example.org")
    leave = connected.sql("SELECT token FROM subscription")[0][0]
    connected.run("unsubscribe", leave)
    assert len(server.messages("ann@example.org")) == 1
    connected.add_active(["bob@example.org"])
    connected.configure(smtp={"port": 9})
    leave = connected.sql("SELECT token FROM subscription WHERE state = 'active'")[0][0]
    connected.run("unsubscribe", leave)  # the mail waits
    connected.sql("UPDATE subscription SET state = 'active'")
    connected.configure(port=server.port)
    connected.run("retry")
    assert server.messages("bob@example.org") == []


def test_an_operators_own_language(connected, server):
    folder = os.path.join(connected.folder, "look")
    os.mkdir(folder)
    connected.write("look/de.po", 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
                    'msgid "Unsubscribe:"\nmsgstr "Abmelden:"\n\n'
                    'msgctxt "date"\nmsgid "{{day}} {{month}} {{year}}"\n'
                    'msgstr "{{day}}. {{month}} {{year}}"\n')
    subprocess.run(["msgfmt", "--endianness=little", "-o", folder + "/de.mo", folder + "/de.po"],
                   check=True)
    connected.configure(templates="look")
    connected.run("preview", connected.issue(language="de-AT"))
    text = open(os.path.join(connected.folder, "issue.preview/issue.txt"), encoding="utf-8").read()
    assert "Abmelden: https" in text and "25. August 2026" in text
    connected.write("look/de.mo", b"\xde\x12\x04\x95" + b"\xff" * 40)
    assert "de.mo is not a catalog" in connected.run("preview", connected.issue(language="de"),
                                                     expect=78).err


def entries(path):
    """A catalog as (context, text, text for several) to its translations, by gettext's own tools."""
    text = subprocess.run(["msgcat", "--no-wrap", path], capture_output=True, check=True,
                          text=True).stdout
    assert "#, fuzzy" not in text.split("\n\n", 1)[1]
    found = re.findall(r'^(?:msgctxt "(.*)"\n)?msgid "(.+)"\n(?:msgid_plural "(.*)"\n)?((?:msgstr.*\n?)+)', text, re.M)
    return {(context, one, many): re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', forms, re.M)
            for context, one, many, forms in found}


def values(context, text):
    """The tags of a text. A date may have the number of a month in place of its name."""
    found = sorted(re.findall(r"{{.*?}+", text))
    return [tag.replace("_number}}", "}}") for tag in found] if context in ("date", "calendar") else found


@pytest.mark.slow(1)
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("path", sorted(glob.glob(os.path.join(TOP, "po", "*.po"))), ids=os.path.basename)
def test_catalogs_are_complete(tmp_path, path):
    subprocess.run([os.path.join(TOP, "tools", "messages"), "--list", str(tmp_path / "all.pot")],
                   check=True)
    with open(path, encoding="utf-8") as catalog:
        forms = int(re.search(r"nplurals=(\d)", catalog.read()).group(1))
    wanted, there = entries(str(tmp_path / "all.pot")), entries(path)
    assert wanted.keys() == there.keys()
    for (context, one, many), translations in there.items():
        assert len(translations) == (forms if many else 1) and all(translations), one
        assert values(context, many or one) == values(context, translations[-1]), one
        for translation in translations:  # "one day" needs no number
            assert set(values(context, translation)) <= set(values(context, one)), one


def test_a_language_may_be_said_twice(connected):
    connected.run("preview", connected.issue(name="issue.ru.md", language="ru"))
