"""The fields of the press room: events, recordings, embargo; the text of the file stays what somebody has written."""
import json
import re

from test_press_room import FIELDS, desk, problem  # noqa: F401
from test_staff import staff  # noqa: F401

BY_HAND = """---
# Harbour office
number: 'No 7'
slug: my-own
title:   "T"
date: 2026-08-25
# ask her first
contact: {person: Ann}
timezone: Asia/Almaty
events:
- {title: Fair, date: 2026-09-01, time: "09:30"}
---
Text
"""


def stored(desk):  # noqa: F811
    return json.loads(desk.page("/here?text=en").text)


def put(desk, source):  # noqa: F811
    """As somebody who writes the file itself does."""
    answer = desk.save(accept="application/json", revision=desk.revision(), other=source.split("---\n")[1], body=source.split("---\n")[2])
    assert answer.status == 200, answer.text
    return stored(desk)


def save(desk, now, **changed):  # noqa: F811
    answer = desk.save(accept="application/json", revision=now["revision"], base=now["base"], **{**now["form"], **changed})
    assert answer.status == 200, answer.text
    return stored(desk)


def test_what_stands_in_the_file_stays(desk):  # noqa: F811
    now = put(desk, BY_HAND)
    assert now["base"] == BY_HAND and now["form"]["events.0.time"] == "09:30" and now["form"]["contact.person"] == "Ann"
    assert save(desk, now)["base"] == BY_HAND
    changed = save(desk, now, number="No 8", **{"events.1.title": "Open: day", "events.1.date": "2026-09-02"})
    assert changed["base"] == BY_HAND.replace("'No 7'", "No 8").replace(
        '- {title: Fair, date: 2026-09-01, time: "09:30"}\n',
        '  - title: Fair\n    date: 2026-09-01\n    time: "09:30"\n  - title: "Open: day"\n    date: 2026-09-02\n')
    mine = save(desk, changed, other=changed["form"]["other"].replace("my-own", "other-one"))
    assert "slug: other-one" in mine["base"] and mine["base"].index("slug") > mine["base"].index("# Harbour office")


def test_events_and_recordings(desk):  # noqa: F811
    rows = {"timezone": "Asia/Almaty", "embargo": "2026-09-14T09:00",
            "events.0.title": "Fair <b>", "events.0.date": "2026-09-14", "events.0.time": "09:30", "events.0.end": "17:00",
            "events.0.place": "Aktau, Hall A", "events.0.url": "https://www.example.org/fair",
            "events.1.title": "", "events.2.title": "Open days", "events.2.date": "2026-09-26", "events.2.until": "2026-09-27",
            "media.0.title": "Interview", "media.0.url": "https://sound.example.org/a.mp3", "media.0.licence": "CC BY 4.0",
            "media.0.duration": "3:20"}
    assert desk.save(revision=desk.revision(), **FIELDS, **rows).status == 303
    page = desk.page().text
    assert 'name="events.0.place" value="Aktau, Hall A"' in page and 'name="events.1.until" value="2026-09-27"' in page
    assert 'name="events.2.title" value=""' in page and "<bdi>Fair &lt;b&gt;</bdi>" in page  # an empty row to fill in
    assert 'name="media.0.duration" value="3:20"' in page and 'id="f-embargo" name="embargo" value="2026-09-14 09:00"' in page
    now = stored(desk)
    assert 'embargo: "2026-09-14 09:00"\n' in now["base"] and 'time: "09:30"' in now["base"]
    preview = desk.page("/preview?text=en").text
    assert "Not for publication before 14 September 2026, 09:00 (Asia/Almaty)" in preview and "Open days" in preview
    assert desk.save(revision=desk.revision(), base=now["base"], **{**now["form"], "events.0.remove": "yes"}).status == 303
    assert "Fair" not in stored(desk)["base"] and "Open days" in stored(desk)["base"]


def test_a_second_subject_stands_next_to_the_first(desk):  # noqa: F811
    """Also one that a file has brought, which stood under the further settings before."""
    assert desk.save(revision=desk.revision(), **{**FIELDS, "other": "alternative_subject: Tents and ropes\r\n"}).status == 303
    page = desk.page().text
    assert 'name="alternative_subject" value="Tents and ropes"' in page and page.index("f-subject") < page.index("f-second") < page.index("f-preheader")
    now = stored(desk)
    assert "alternative_subject" not in now["form"]["other"] and "Tents and ropes" in now["base"]
    assert desk.save(revision=desk.revision(), base=now["base"], **{**now["form"], "alternative_subject": "Ropes: and tents"}).status == 303
    assert 'alternative_subject: "Ropes: and tents"' in stored(desk)["base"]
    assert "Ropes: and tents" in desk.page("/send").text


def test_wrong_rows_are_told(desk):  # noqa: F811
    def findings(**rows):
        answer = desk.save(accept="application/json", revision=desk.revision(), **FIELDS, **rows)
        return json.dumps(json.loads(answer.text).get("findings", answer.status))
    assert "no date like" in findings(**{"events.0.title": "Fair"})
    assert "give it a file or a url" in findings(**{"media.0.title": "Interview"})
    assert "embargo 'soon'" in findings(embargo="soon")
    assert "timezone" in findings(timezone="Nowhere", **{"events.0.title": "Fair", "events.0.date": "2026-09-14"})
    many = desk.save(revision=desk.revision(), **FIELDS, **{f"events.{number}.title": "Fair" for number in range(51)})
    assert many.status == 422 and "at most 50 events" in problem(many) and 'value="Yurts"' in many.text


def test_rows_that_no_field_shows(desk):  # noqa: F811
    """A comment among the events would be lost: they stay in the text of the file, and the page says where they are."""
    put(desk, BY_HAND.replace("- {", "# by hand\n- {"))
    page = desk.page().text
    assert "They are in the further settings" in page and "events.0.title" not in page
    assert re.search(r'<textarea id="f-other"[^>]*>[^<]*events:\n# by hand\n- \{title: Fair', page)
