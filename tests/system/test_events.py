"""Upcoming events: in the text, as a calendar, and as one iCalendar attachment."""
import pytest
from conftest import html, parse, plain

pytestmark = pytest.mark.one_engine("the engine makes no difference")

EVENTS = [
    {"title": "Concert", "date": "2026-10-02", "time": "19:00", "place": "Қазақстан залы"},
    {"title": "Round table; ferries, rails", "date": "2026-09-30", "until": "2026-10-01",
     "url": "https://www.example.org/events/1"},
    {"title": "Briefing <1>", "date": "2026-09-03", "time": "09:30", "end": "11:00"},
]


def sent(site, server, **front):
    site.add_active(["ann@example.org"])
    site.run("send", "--yes", site.issue(**front))
    (raw,) = server.messages("ann@example.org")
    return parse(raw.split(b"\r\n", 2)[2])


def test_text_and_calendar(connected, server):
    message = sent(connected, server, events=EVENTS, timezone="Asia/Almaty")
    text = plain(message)
    assert text[text.index("Upcoming"):].startswith(
        "Upcoming events\n---------------\n\n* 3 September 2026, 09:30–11:00\n  Briefing <1>\n"
        "* 30 September – 1 October 2026\n  Round table; ferries, rails\n"
        "  https://www.example.org/events/1\n* 2 October 2026, 19:00\n  Concert, Қазақстан залы\n")
    page = html(message)
    assert "September 2026</caption>" in page and "October 2026</caption>" in page
    marked = [day for day in range(1, 32) for _ in range(page.count(f"<b>{day}</b></td>"))]
    assert marked == [1, 2, 3, 30]
    assert "Briefing &lt;1&gt;" in page and 'href="https://www.example.org/events/1"' in page


def test_attachment(connected, server):
    message = sent(connected, server, events=EVENTS, timezone="Asia/Almaty")
    (calendar,) = message.iter_attachments()
    assert calendar.get_content_type() == "application/ics"  # text/calendar is an invitation to Thunderbird
    assert calendar.get_content_disposition() == "attachment" and calendar.get_filename() == "events.ics"
    raw = calendar.get_payload(decode=True)
    assert raw.count(b"\r\n") == raw.count(b"\n") and all(
        len(line) <= 75 for line in raw.split(b"\r\n"))
    lines = raw.decode().replace("\r\n ", "").split("\r\n")
    assert lines.count("BEGIN:VEVENT") == 3
    assert "DTSTART:20260903T043000Z" in lines and "DTEND:20260903T060000Z" in lines
    assert "DTSTART;VALUE=DATE:20260930" in lines and "DTEND;VALUE=DATE:20261002" in lines
    assert "DTSTART:20261002T140000Z" in lines and "DTEND:20261002T150000Z" in lines and "LOCATION:Қазақстан залы" in lines
    assert lines.count("TRANSP:TRANSPARENT") == 1 and lines.count("TRANSP:OPAQUE") == 2
    assert lines.count("SEQUENCE:0") == 3 and "X-WR-CALNAME:News Bulletin" in lines and "NAME:News Bulletin" in lines
    assert lines.count("LAST-MODIFIED:20260825T000000Z") == 3
    assert "DESCRIPTION:Round table\\; ferries\\, rails\\nhttps://www.example.org/events/1" in lines
    assert "SUMMARY:Round table\\; ferries\\, rails" in lines
    assert len({line for line in lines if line.startswith("UID:")}) == 3


def test_daylight_saving_and_utc(connected):
    def start(**front):
        events = [{"title": "x", "date": day, "time": "12:00"} for day in ("2026-01-10", "2026-07-10")]
        connected.run("preview", connected.issue(events=events, **front))
        eml = open(connected.folder + "/issue.preview/issue.eml", "rb").read()
        (calendar,) = parse(eml).iter_attachments()
        return [line for line in calendar.get_payload(decode=True).decode().split("\r\n")
                if line.startswith("DTSTART")]

    assert start() == ["DTSTART:20260110T120000Z", "DTSTART:20260710T120000Z"]
    assert start(timezone="Europe/Berlin") == ["DTSTART:20260110T110000Z",
                                               "DTSTART:20260710T100000Z"]


def test_without_events_there_is_nothing_of_them(connected, server):
    message = sent(connected, server)
    assert "pcoming" not in html(message) and "UPCOMING" not in plain(message)
    assert message.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("event, said", [
    ({"date": "2026-09-03"}, "no title"),
    ({"title": "x"}, "no date"),
    ({"title": "x", "date": "2026-02-30"}, "not a day that exists"),
    ({"title": "x", "date": "2026-09-03", "until": "2026-09-02"}, "until"),
    ({"title": "x", "date": "2026-09-03", "time": "25:00"}, "time"),
    ({"title": "x", "date": "2026-09-03", "time": "9:30"}, "time"),
    ({"title": "x", "date": "2026-09-03", "end": "10:00"}, "end"),
    ({"title": "x", "date": "2026-09-03", "time": "10:00", "end": "09:00"}, "before it begins"),
    ({"title": "x", "date": "2026-09-03", "url": "ftp://x"}, "https"),
    ({"title": "x", "date": "2026-09-03", "colour": "red"}, "may have"),
    ({"title": "x\u2028y", "date": "2026-09-03"}, "events.0.title"),
    ({"title": "x" * 301, "date": "2026-09-03"}, "longer"),
], ids=lambda value: None)
def test_bad_events(connected, event, said):
    result = connected.run("preview", connected.issue(events=[event]), expect=65)
    assert said in result.err and "issue.md" in result.err


def test_bad_timezone_and_too_many(connected):
    event = {"title": "x", "date": "2026-09-03", "time": "10:00"}
    result = connected.run("preview", connected.issue(events=[event], timezone="Mars/Olympus"),
                           expect=65)
    assert "Mars/Olympus" in result.err
    assert "more than 50" in connected.run("preview", connected.issue(events=[event] * 51),
                                           expect=65).err
