"""Several short items as one issue."""
import os

import pytest
from conftest import html, parse, plain
from test_enclosures import png


def item(site, name, title, body, date="2026-08-25", **more):
    os.makedirs(os.path.join(site.folder, "items"), exist_ok=True)
    head = "".join(f"{key}: {value}\n" for key, value in {"title": title, "date": date, **more}.items())
    site.write(f"items/{name}", f"---\n{head}---\n\n{body}\n")


def listed(site, folder="items"):
    return sorted(os.listdir(os.path.join(site.folder, folder)))


def make(site, *args, **options):
    return site.run("digest", "items", "--title", "This week", "--date", "2026-08-28", *args, **options)


def test_sections_in_the_order_of_dates(connected, server):
    connected.add_active(["ann@example.org"], name="Ann")
    item(connected, "b.md", '"Ports & *quays* <b>"', "Second, {{name}}.\n\n# Deeper\n\n```\n# no heading\n```", date="2026-08-25")
    item(connected, "c.md", "Third", "###### As deep as can be", date="2026-08-25",
         events='[{"title": "Tour", "date": "2099-10-01"}]')
    item(connected, "a.md", "First", "![A quay](quay.png)", date="2026-08-24", attachments="[plan.pdf]")
    connected.write("items/quay.png", png())
    connected.write("items/plan.pdf", b"%PDF-1.4\n")
    path = make(connected, "--number", "No 3", "--series", "News").out.strip()
    assert path == "items/digest-2026-08-28.md"
    assert listed(connected) == ["digest-2026-08-28.md", "plan.pdf", "quay.png", "used"]
    assert listed(connected, "items/used") == ["a.md", "b.md", "c.md"]
    connected.run("send", "--yes", path)
    message = parse(server.messages("ann@example.org")[0])
    text, page = plain(message), html(message)
    assert text.index("First") < text.index("Ports & *quays* <b>") < text.index("Second, Ann.") < text.index("Third")
    assert "# no heading" in text and page.count("<h2") >= 3 and "<h3" in page and "<h6" in page
    assert {part.get_filename() for part in message.walk() if part.get_filename()} >= {"plan.pdf"}
    assert "Tour" in text and [part for part in message.walk() if part.get_content_type() == "application/ics"]
    assert connected.sql("SELECT slug FROM issue") == [("news-no-3",)]


def test_languages(connected, server):
    connected.add_active(["ann@example.org", "boris@example.org"])
    connected.sql("UPDATE subscriber SET language = 'ru' WHERE id = 2")
    item(connected, "a.md", "First", "English one.")
    item(connected, "a.ru.md", "Первый", "По-русски.")
    item(connected, "b.md", "Second", "English only.")
    make(connected)
    assert listed(connected) == ["digest-2026-08-28.md", "digest-2026-08-28.ru.md", "used"]
    connected.run("send", "--yes", "items/digest-2026-08-28.md")
    russian = plain(parse(server.messages("boris@example.org")[0]))
    assert "По-русски." in russian and "English only." in russian and "English one." not in russian
    assert "English one." in plain(parse(server.messages("ann@example.org")[0]))


def test_only_what_is_new(site):
    item(site, "a.md", "First", "One.")
    make(site)
    assert "no item" in site.run("digest", "items", "--title", "Next", "--date", "2026-09-04", expect=66).err
    item(site, "b.md", "Second", "Two.")
    assert "already" in make(site, expect=65).err
    assert listed(site) == ["b.md", "digest-2026-08-28.md", "used"]


def test_a_used_item_stays_when_another_has_its_name(site):
    for day, text in (("2026-08-28", "One."), ("2026-09-04", "Two.")):
        item(site, "a.md", "First", text)
        item(site, "a.ru.md", "Первый", text)
        if text == "Two.":
            os.remove(os.path.join(site.folder, "items/used/a.md"))  # one language of it is enough
        site.run("digest", "items", "--title", "Next", "--date", day)
    assert listed(site, "items/used") == ["a-2.md", "a-2.ru.md", "a.ru.md"]


def test_used_items_of_one_name_are_all_kept(site):
    for number in range(1, 5):
        item(site, "a.md", "First", f"Text {number}.")
        site.run("digest", "items", "--title", "Next", "--date", f"2026-09-0{number}")
    names = listed(site, "items/used")
    assert names == ["a-2.md", "a-3.md", "a-4.md", "a.md"]
    texts = [open(os.path.join(site.folder, "items/used", name), encoding="utf-8").read() for name in names]
    assert [text.split()[-1] for text in texts] == ["2.", "3.", "4.", "1."]


def test_nothing_half_done(site):
    item(site, "a.md", "First", "One.")
    site.write("items/b.md", "no front matter")
    make(site, expect=65)
    assert listed(site) == ["a.md", "b.md"]
    item(site, "b.md", "B", "x", timezone="Asia/Almaty", events='[{"title": "T", "date": "2099-10-01"}]')
    item(site, "c.md", "C", "x", events='[{"title": "T", "date": "2099-10-01"}]')
    assert "use one time zone" in make(site, expect=65).err
    assert listed(site) == ["a.md", "b.md", "c.md"]


@pytest.mark.parametrize("args", [(), ("items",), ("items", "--title", "x", "--date", "tomorrow")])
def test_bad_options(site, args):
    site.run("digest", *args, expect=64)
