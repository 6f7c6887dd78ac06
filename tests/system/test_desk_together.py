"""Two people write in one draft at once, and nothing that somebody has typed is lost."""
import json
import re

import pytest
from browser import in_browser, needs_browser
from test_press_room import FIELDS, PNG, account, desk, problem  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401

THREE = "First\n\nSecond\n\nThird\n"


def source(desk):  # noqa: F811
    return json.loads(desk.page("/here?text=en").text)


def save(desk, base, **fields):  # noqa: F811
    return desk.save(accept=fields.pop("accept", "application/json"), revision=base["revision"], base=base["base"],
                     **{**FIELDS, **fields})


@pytest.mark.slow(1)
def test_merged_by_paragraph(desk, connected):  # noqa: F811
    """Changes of different paragraphs and fields are put together; for the same one, both are shown."""
    account(connected, "bob", "author")
    desk.save(revision=desk.revision(), **{**FIELDS, "body": THREE})
    base = source(desk)
    assert save(desk, base, body=THREE.replace("First", "Hers"), number="No 7").status == 200
    desk.http.login("bob")
    answer = json.loads(save(desk, base, body=THREE.replace("Third", "His"), title="Tents").text)
    assert answer["merged"] and answer["form"]["body"] == "Hers\n\nSecond\n\nHis\n"
    assert answer["form"]["number"] == "No 7" and answer["form"]["title"] == "Tents"
    assert [person["name"] for person in answer["people"]] == ["ann"]
    again = save(desk, base, body=THREE.replace("First", "Other"), number="No 7")
    assert again.status == 409
    page = save(desk, base, body=THREE.replace("First", "Other") + "\nFourth\n", accept="text/html")
    assert page.status == 409 and "Keep mine" in page.text
    assert re.search(r"<h3>Yours</h3><pre[^>]*>Other", page.text) and re.search(r"<h3>Theirs</h3><pre[^>]*>Hers", page.text)
    assert f'name="revision" value="{base["revision"]}"' in page.text
    chosen = save(desk, base, body=THREE.replace("First", "Other") + "\nFourth\n", action="mine")
    assert json.loads(chosen.text)["form"]["body"] == "Other\n\nSecond\n\nHis\n\nFourth\n"
    theirs = save(desk, base, body=THREE.replace("Second", "X"), action="theirs")
    assert json.loads(theirs.text)["form"]["body"] == "Other\n\nX\n\nHis\n\nFourth\n"


def test_a_base_that_is_none(desk):  # noqa: F811
    """A text that claims another beginning than it has is not merged."""
    desk.save(revision=desk.revision(), **{**FIELDS, "body": THREE})
    base = source(desk)
    save(desk, base, body=THREE.replace("First", "Hers"))
    forged = {**base, "base": base["base"].replace("Second", "")}
    assert save(desk, forged, body=THREE).status == 409


@pytest.mark.slow(1)
def test_moved_to_another_list(desk, connected):  # noqa: F811
    connected.run("list", "add", "events", "--from", "press@example.org", "--title", "Events", "--postal-address", "1 Quay")
    assert desk.http.press(desk.path, action="move", list="nowhere").status in (404, 422)
    assert desk.http.press(desk.path, action="move", list="events").status == 303
    assert "events" in desk.page().text
    account(connected, "bob", "author")
    desk.http.login("bob")
    assert desk.http.press(desk.path, action="move", list="bulletin").status == 303


def test_looked_at_as_a_reader(desk):  # noqa: F811
    """The preview has each condition of an audience, light and dark."""
    desk.save(revision=desk.revision(), **{**FIELDS, "body": "All.\n\n{{#attribute.press}}\nDesks.\n{{/attribute.press}}\n"})
    assert re.search(r'name="with-0" value="press"', desk.page().text)
    assert "Desks." not in desk.page("/preview?text=en").text
    assert "Desks." in desk.page("/preview?text=en&with-0=press").text
    light, dark = (desk.page(f"/preview?text=en&scheme={scheme}").text for scheme in ("light", "dark"))
    assert "prefers-color-scheme" not in light + dark and light != dark


@pytest.mark.slow
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
def test_two_browsers_and_a_cut_network(desk, connected):  # noqa: F811
    account(connected, "bob", "author")
    desk.save(revision=desk.revision(), **{**FIELDS, "body": THREE})
    plan = {"url": desk.http.url, "path": desk.path, "password": PASSWORD,
            "html": "<p class=MsoNormal>It is <b>pasted</b>.<o:p></o:p></p>"}
    seen = in_browser("desk.cjs", plan)
    assert not seen["complaints"]
    assert seen["text"].startswith("Hers. First\n\nHis. Second\n\n") and "Offline. " in seen["text"] and "Closed. " in seen["text"]
    assert "| Time | What |\n|---|---|\n| 9:30 | Tea \\| cake |" in seen["text"]
    assert json.loads(desk.page("/here?text=en").text)["form"]["body"] == seen["text"] + "\n"


@pytest.mark.slow(1)
def test_files_of_other_issues(desk, connected):  # noqa: F811
    """The library finds files of all drafts that somebody may write to, says where each is used, and hands one on."""
    connected.run("list", "add", "events", "--from", "press@example.org", "--title", "Events", "--postal-address", "1 Quay")
    desk.save(revision=desk.revision(), **FIELDS)
    desk.upload("picture", "Quay.png", PNG, alt="A quay")
    desk.upload("attachment", "table.csv", b"a,b\n")
    page = desk.http.page("/library?q=QUAY").text
    assert "Quay.png" in page and "in the text: <bdi>en</bdi>" in page and "table.csv" not in page
    assert "not in the text" in desk.http.page("/library?q=table").text
    shown = desk.page("/file?name=Quay.png")
    assert shown.getheader("Content-Type") == "image/png" and desk.page("/file?name=table.csv").status == 404
    other = desk.http.press("/drafts", how="new", title="Other", list="events").getheader("Location")
    other = re.sub(r"^https?://[^/]+|\?.*", "", other)
    assert desk.http.press(other, action="take", **{"from": desk.path.split("/")[-1]}, name="Quay.png").status == 303
    assert "Quay.png" in desk.http.page(other).text
    assert desk.http.press(other, action="take", **{"from": "999"}, name="Quay.png").status == 404
    account(connected, "viewer", "viewer")
    desk.http.login("viewer")
    assert "Quay.png" not in desk.http.page("/library").text
    assert desk.page("/file?name=Quay.png").status == 404


@pytest.mark.slow(1)
def test_proposals(desk, connected):  # noqa: F811
    """Categories and series that the list has had, and the next number, are proposed."""
    connected.add_active(["reader@example.org"])
    connected.run("send", "--yes", connected.issue("Hello", category="Harbour", series="News", number="No 9"))
    page = desk.page().text
    assert '<option value="Harbour">' in page and '<option value="News">' in page and '<option value="No 10">' in page
    findings = json.loads(desk.save(accept="application/json", revision=desk.revision(), **FIELDS).text)["findings"]
    assert any(finding["field"] == "f-preheader" for finding in findings)
    assert 'href="#f-preheader"' in desk.page().text
