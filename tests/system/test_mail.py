"""The identity that mails carry, three designs, links to the website, and values that keep their direction."""
import os
import re
from html import unescape

import pytest
from conftest import html, parse, plain, token
from test_enclosures import png

ORGANISATION = {"name": {"en": "Embassy & Co", "ru": "Посольство"}, "released_by": "Released by <us>", "accent": "#ffc61a",
                "postal_address": "16 Street", "imprint": "https://www.example.org/imprint", "privacy": "https://www.example.org/privacy",
                "social": {"Telegram": "https://t.me/example"}, "contact": {"person": "Press", "phone": "1", "fax": "2"}}
EVENT = [{"title": "Round table & tea", "date": "2026-09-14", "time": "10:00", "end": "13:00", "place": "Hall A",
          "url": "https://www.example.org/1"}, {"title": "Tour", "date": "2026-10-01", "until": "2026-10-03"}]


@pytest.fixture(name="office")
def fixture_office(site):
    site.configure(organisation=ORGANISATION, serve={"url": "https://news.example.org/press/"})
    site.sql("UPDATE list SET postal_address = NULL")
    return site


def preview(site, *args, **front):
    path = site.issue(*args, **front)
    site.run("preview", path)
    with open(os.path.join(site.folder, "issue.preview", "issue.eml"), "rb") as eml:
        return parse(eml.read())


def texts(message):
    return html(message), plain(message)


@pytest.mark.parametrize("design", ["bulletin", "letter", "magazine"])
def test_designs(office, design):
    page, text = texts(preview(office, design=design, series="News Bulletin", category="General"))
    for words in ("Embassy &amp; Co", "News Bulletin", "Released by &lt;us&gt;", "16 Street", "https://t.me/example"):
        assert words in page
    assert text.index("Embassy & Co\nNews Bulletin\nReleased by <us>\nNo 1, 25 August 2026\n") > 0
    assert ("font-size:32px" in page) == (design == "magazine")  # the headline on the cover
    assert ("border-bottom:2px solid #ffc61a" in page) == (design == "letter")
    assert ("background:#ffc61a;color:#000000" in page) == (design != "letter")  # white could not be read
    assert "Embassy & Co\nContact person: Press\n" in text and "Imprint: https://www.example.org/imprint" in text
    assert page.count("<h1") == 1 and "$" not in re.sub(r"<!--.*?-->", "", page)


def test_values_keep_their_direction(office):
    """Brackets and figures of a name stay with it in an Arabic text; links hold no marks."""
    body = "عزيزي {{name|القارئ}}، مرحبا {{email}}\n\n{{#name}}x{{/name}} [هنا](https://e.example/?a={{email}})\n"
    page, text = texts(preview(office, body, language="ar"))
    for shown in (page, text):
        assert re.search("\u2068[^\u2069]+\u2069، مرحبا \u2068[^\u2069]+\u2069", shown)
        assert not re.search("a=[^\"\\s]*\u2068", shown) and shown.count("\u2068") >= 2
    english, _ = texts(preview(office, "Dear {{name|reader}}, {{email}}\n"))
    assert "\u2068" not in english


@pytest.mark.parametrize("language, number, between", [("ar", "العدد 7", "، "), ("zh", "第7期", "，"), ("kk", "№ 7", ", ")])
def test_commas_are_the_language_s(office, language, number, between):
    page, text = texts(preview(office, language=language, number=number, events=[{"title": "A", "date": "2026-09-14", "place": "B"}]))
    assert f"<span dir=\"auto\">{number}</span>{between}<span dir=\"auto\">" in page
    assert f"<span dir=\"auto\">A</span>{between}<span dir=\"auto\">B</span>" in page
    assert f"{number}{between}" in re.sub("[\u200e\u200f\u2066-\u2069]", "", text)


def test_design_by_list_and_issue(office):
    office.configure(organisation=dict(ORGANISATION, design="letter", lists={"bulletin": {"design": "magazine", "accent": "#123"}}))
    assert "font-size:32px" in html(preview(office))
    page = html(preview(office, design="bulletin"))
    assert "font-size:32px" not in page and "background:#112233;color:#ffffff" in page
    bad = office.run("preview", office.issue(design="poster"), expect=65)
    assert "design 'poster': use bulletin, letter or magazine" in bad.err


def test_logo_travels_with_the_mail(office):
    office.write("light.png", png(300, 100))
    office.write("dark.png", png(200, 400))
    office.configure(organisation=dict(ORGANISATION, logo="light.png"))
    message = preview(office)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_filename() == "logo.png" and picture["Content-ID"][1:-1] in html(message)
    assert 'width="240"' in html(message) and "Attachments" not in plain(message)

    office.configure(organisation=dict(ORGANISATION, logo="light.png", logo_dark="dark.png", design="letter"))
    page = html(preview(office))
    assert page.count("src=\"cid:") == 2 and 'class="nl-dark"' in page  # dark mode shows the other one

    office.configure(organisation=dict(ORGANISATION, logo="light.png", accent="#000"))
    assert "padding:6px 10px;background:#ffffff" in html(preview(office))  # made for light grounds

    office.write("light.png", "<svg/>")
    assert "light.png is not a PNG, JPEG or GIF" in office.run("preview", office.issue(), expect=78).err


def test_a_changed_logo_is_no_other_issue(connected):
    connected.write("logo.png", png(300, 100))
    connected.configure(organisation={"logo": "logo.png"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    connected.write("logo.png", png(200, 100))
    assert "nothing is left to send" in connected.run("send", "--yes", connected.issue(), expect=65).err


def test_links_to_the_website(office):
    message = preview(office, slug="no-1")
    page, text = texts(message)
    web = "https://news.example.org/press/archive/bulletin/issue/no-1/"
    assert message["Archived-At"].strip() == f"<{web}>"
    assert message["List-Archive"].strip() == "<https://news.example.org/press/archive/bulletin/>"
    assert f'href="{web}"' in page and text.startswith(f"View in browser: {web}\n")
    assert "Subscribe here: https://news.example.org/press/join?list=bulletin" in text
    assert "Earlier issues: https://news.example.org/press/archive/bulletin/" in text

    for front in ({"archive": "never"}, {}):
        if not front:
            office.run("list", "edit", "bulletin", "--private")
        message = preview(office, slug="no-1", **front)
        assert message["Archived-At"] is None and "View in browser" not in plain(message) + html(message)
    assert "news.example.org/press/join" not in html(message)


def test_each_edition_has_its_own_page(office):
    office.issue("English\n", name="issue.en.md", slug="no-1")
    office.issue("По-русски\n", name="issue.ru.md")
    office.run("preview", "--output", "out", os.path.join(office.folder, "issue.en.md"))
    with open(os.path.join(office.folder, "out", "issue.ru.eml"), "rb") as eml:
        message = parse(eml.read())
    assert message["Archived-At"].strip() == "<https://news.example.org/press/archive/bulletin/issue/no-1/ru/>"
    assert "Посольство" in html(message) and "Embassy" not in html(message)


def test_an_own_contact_replaces_the_whole_block(office):
    page, text = texts(preview(office, contact={"person": "Жанар", "email": "z@example.org"}))
    for shown in (page, text):
        assert "Жанар" in shown and "z@example.org" in shown and "Fax" not in shown and "Tel." not in shown


def test_attachments_and_calendars(office):
    office.write("programme.pdf", "%PDF-1.4" + "x" * 3000)
    page, text = texts(preview(office, attachments=["programme.pdf"], events=EVENT, timezone="Asia/Almaty"))
    assert "Attachments: programme.pdf (3 kB)" in text and "programme.pdf</span> (3 kB)" in page
    google = re.findall(r'href="(https://calendar.google.com/[^"]*)"', page)
    assert google[0].endswith("&amp;dates=20260914T050000Z/20260914T080000Z&amp;text=Round%20table%20%26%20tea"
                              "&amp;location=Hall%20A&amp;details=https%3A%2F%2Fwww.example.org%2F1")
    assert "&amp;dates=20261001/20261004&amp;" in google[1]
    outlook = re.findall(r'href="(https://outlook.live.com/[^"]*)"', page)
    assert "startdt=2026-09-14T05%3A00%3A00Z&amp;enddt=2026-09-14T08%3A00%3A00Z" in outlook[0]
    assert "startdt=2026-10-01&amp;enddt=2026-10-04&amp;allday=true" in outlook[1]
    assert "Subscribe to our calendar: webcal://news.example.org/press/archive/bulletin/events.ics" in text


def test_from_right_to_left(office):
    page, text = texts(preview(office, "Hebrew.\n\n- item\n\n> quote\n", language="he", title="שולחן", events=EVENT,
                               contact={"person": "Жанар", "phone": "+1 202 555 0148"}))
    inner = page[page.index("<body"):]
    inner = inner[inner.index("<table"):]  # what is left where a webmail drops html and body
    assert re.match(r'<table [^>]*lang="he" dir="rtl"', inner)
    assert "padding-right:24px" in inner and "border-right:3px" in inner and "-left:24px" not in inner
    assert '<span dir="ltr">+1 202 555 0148</span>' in inner and '<span dir="auto">Hall A</span>' in inner
    assert "\u2068+1 202 555 0148\u2069" in text and "\u2068Hall A\u2069" in text
    assert text.count("\u2068") == text.count("\u2069")
    assert "font-style:normal" in inner and "italic" not in inner  # scripts from right to left have none
    page, text = texts(preview(office, "English.\n\n- item\n", events=EVENT))
    assert "padding-left:24px" in page and not re.search("[\u2066-\u2069]", text)


def test_notices_carry_the_masthead(connected, server):
    connected.write("logo.png", png(90, 90))
    connected.sql("UPDATE list SET postal_address = NULL")
    connected.configure(organisation=dict(ORGANISATION, logo="logo.png"), notices={"welcome": True},
                        serve={"url": "https://news.example.org"})
    connected.run("subscribe", "ann@example.org", "--language", "ru")
    confirmation = parse(server.messages("ann@example.org")[0])
    connected.run("confirm", token(confirmation, "confirm"))
    welcome = parse(server.messages("ann@example.org")[1])
    for message in (confirmation, welcome):
        page, text = texts(message)
        assert "Посольство" in page and "Released by &lt;us&gt;" in page and "cid:" in page and "#ffc61a" in page
        assert len(re.findall("<h1[^>]*>([^<]*)", page)) == 1 and unescape(re.findall("<h1[^>]*>([^<]*)", page)[0]) == message["Subject"]
        assert "16 Street" in page and "16 Street" in text and "https://www.example.org/privacy" in text
    assert "https://news.example.org/archive/bulletin/" in plain(welcome)


@pytest.mark.parametrize("key", ["name", "released_by", "postal_address"])
def test_nothing_becomes_a_header_or_html(site, key):
    site.configure(organisation={key: "</p><script>x</script>"})
    assert "<script>" not in html(preview(site))
    site.configure(organisation={key: "x\r\nBcc: eve@example.org"})
    assert f"organisation.{key}" in site.run("preview", site.issue(), expect=78).err


def test_the_preheader_stands_alone(office):
    page = html(preview(office, preheader="A line"))
    hidden = re.search(r'<div style="display:none;mso-hide:all[^>]*>A line((?:&#847;&zwnj;&nbsp;)+)</div>', page)
    assert hidden and len(hidden.group(1)) > 1000  # whatever follows it is not shown next to the subject


WIDE = """| Time | Where | What | Address of the responsible organisation |
|---|---|---|---|
| 09:30 | Hall A | Registration | registration-desk@international-conference.example.org |
"""


def test_words_of_wide_tables_may_break(office):
    page, text = texts(preview(office, WIDE + "\n| a | b |\n|---|---|\n| 1 | 2 |\n"))
    cells = re.findall(r'<td style="([^"]*)">([^<]*)', page)
    broken = {words: "overflow-wrap:anywhere" in style for style, words in cells if words in ("09:30", "Registration", "1")}
    assert "overflow-wrap:anywhere" in dict((words, style) for style, words in re.findall(r'<th style="([^"]*)">([^<]*)', page))[
        "Address of the responsible organisation"]
    assert broken == {"09:30": False, "Registration": True, "1": False}
    assert ("- Time: 09:30\n  Where: Hall A\n  What: Registration\n"
            "  Address of the responsible organisation:\n"
            "  registration-desk@international-conference.example.org\n") in text


def test_check_measures_the_longest_word(office):
    office.issue("Go to https://www.example.org/press/accreditation/2026/september now.\n")
    found = office.run("check", os.path.join(office.folder, "issue.md"), expect=None)
    assert re.search(r"line 6: a word or address has 5\d letters", found.out)
    office.issue("Go to the [form](https://www.example.org/press/accreditation/2026/september) now.\n")
    assert "letters, and a telephone" not in office.run("check", os.path.join(office.folder, "issue.md"), expect=None).out


def test_buttons_and_captions(office):
    office.write("quay.png", png(300, 100))
    page, text = texts(preview(office, '[Register](https://www.example.org/r "button")\n\nNot [here](https://www.example.org/h "button").\n\n'
                                       '![A quay](quay.png "At dusk. Photo: <N.>")\n'))
    assert re.search(r'<table role="presentation"[^>]*><tr><td style="[^"]*background:#ffc61a[^"]*">'
                     r'<a href="https://www.example.org/r" class="nl-button" style="color:#000000[^"]*">Register</a></td>', page)
    assert page.count('class="nl-button"') == 1 and ">At dusk. Photo: &lt;N.&gt;</small>" in page
    assert "Register [1]" in text and "[A quay] At dusk. Photo: <N.>" in text


def test_link_numbers_stay_with_their_words(office):
    words = "x" * 66
    text = plain(preview(office, f"{words} [a](https://www.example.org/) b\n"))
    assert f"{words}\na [1] b\n" in text


@pytest.mark.parametrize("subject", ["News", "News " * 14, "Новости " * 9])
def test_copies_say_that_they_are_tests(connected, server, subject):
    connected.run("send", "--test", "me@example.org", connected.issue(subject=subject.strip()))
    (raw,) = server.messages("me@example.org")
    assert parse(raw)["Subject"] == "[Test] " + subject.strip()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n") if line.startswith((b"Subject", b" =?")))
