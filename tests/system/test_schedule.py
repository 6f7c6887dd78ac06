"""Issues that wait for their time."""
import datetime
import json

import pytest
from test_staff import StaffServer, configure


def hours(count, zone=datetime.timezone.utc, format="%Y-%m-%d %H:%M"):
    return (datetime.datetime.now(zone) + datetime.timedelta(hours=count)).strftime(format)


def when(connected):
    return connected.sql("SELECT state, scheduled_at FROM issue")[0]


def test_goes_out_when_it_is_time(connected, server):
    connected.add_active(["early@example.org", "leaves@example.org"])
    issue = connected.issue()
    shown = connected.run("send", "--yes", issue, "--at", hours(1), "--timezone", "UTC").out
    assert "Goes out:" in shown and "Recipients: 2 as of now" in shown and "Scheduled:" in shown
    assert connected.sql("SELECT count(*) FROM delivery") == [(0,)]
    assert connected.run("retry").out == "" and server.count() == 0
    assert "goes out: " in connected.run("status").out
    assert connected.run("archive", "build", "www") and "A title" not in open(f"{connected.folder}/www/bulletin/index.html").read()
    assert "is scheduled" in connected.run("send", "--yes", issue, expect=65).err
    connected.issue("Other words.\n")
    edited = connected.run("send", "--yes", issue, expect=65).err
    assert "is scheduled for" in edited and "with other content" in edited and "newsletter cancel no-1" in edited
    connected.issue()
    connected.add_active(["later@example.org"])
    connected.sql("UPDATE subscription SET state = 'unsubscribed' WHERE id = 2")
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")
    assert connected.state_of_each() == {"early@example.org": "sent", "later@example.org": "sent"}
    assert when(connected)[0] == "sent" and server.count() == 2
    connected.run("retry")
    assert server.count() == 2


def test_segment_as_of_then(connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    move = "UPDATE subscriber SET attributes = ? WHERE id = ?"
    connected.sql(move, '{"city":"Aktau"}', 1)
    connected.run("send", "--yes", connected.issue(), "--at", hours(1), "--where", 'city = "Aktau"')
    connected.sql(move, '{"city":"Almaty"}', 1)
    connected.sql(move, '{"city":"Aktau"}', 2)
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")
    assert connected.state_of_each() == {"bob@example.org": "sent"}


def test_withdrawn_and_sent_anew(connected, server):
    connected.add_active(["ann@example.org"])
    issue = connected.issue()
    connected.run("send", "--yes", issue, "--at", hours(1))
    assert "cancelled; it was not sent to anybody" in connected.run("cancel", "no-1").out
    assert connected.sql("SELECT (SELECT count(*) FROM issue), (SELECT count(*) FROM issue_text)") == [(0, 0)]
    connected.run("pause", "no-1", expect=67)
    connected.run("send", "--yes", issue)
    assert server.count() == 1


@pytest.mark.parametrize("zone, utc", [("Asia/Almaty", "04:00:00"), ("UTC", "09:00:00"), ("America/New_York", "14:00:00")])
def test_zones(connected, zone, utc):
    connected.run("send", "--yes", connected.issue(), "--at", "2030-12-01 09:00", "--timezone", zone)
    at = datetime.datetime.fromtimestamp(when(connected)[1], datetime.timezone.utc)
    assert at.isoformat() == f"2030-12-01T{utc}+00:00"


def test_this_machines_zone(connected):
    connected.run("send", "--yes", connected.issue(), "--at", "2030-12-01T09:00", env={"TZ": "Asia/Tokyo"})
    assert when(connected) == ("scheduled", 1922313600)  # midnight in UTC


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("args", [("--at", "tomorrow"), ("--at", "2030-12-01"), ("--at", "2001-01-01 09:00"),
                                  ("--at", "2030-12-01 09:00", "--timezone", "Mars/Olympus"), ("--timezone", "UTC"),
                                  ("--local-time",), ("--at", "2030-12-01 09:00", "--timezone", "UTC", "--local-time")])
def test_bad_times(connected, args):
    connected.run("send", "--yes", connected.issue(), *args, expect=64)
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("args, said", [
    (("--at", "2030-02-30 09:00"), "'2030-02-30 09:00' is not a day and time that exist"),
    (("--at", "2030-04-31 09:00", "--timezone", "UTC"), "exist"),
    (("--at", "2030-12-01 09:00", "--timezone", "PST"), "'PST': write America/Los_Angeles"),
    (("--at", "2030-12-01 09:00", "--timezone", "+05:00"), "'+05:00': an offset"),
    (("--at", "2030-12-01 09:00", "--timezone", "europe/berlin"), "write Europe/Berlin"),
    (("--at", "2030-12-01 09:00", "--timezone", "Mars/X"), "unknown time zone 'Mars/X'")])
def test_bad_times_are_named(connected, args, said):
    assert said in connected.run("send", "--yes", connected.issue(), *args, expect=64).err


@pytest.mark.parametrize("time, utc", [("2030-03-31 02:30", "2030-03-31T01:30"), ("2030-10-27 02:30", "2030-10-27T00:30")])
@pytest.mark.parametrize("machine", [False, True])
def test_skipped_and_doubled_hours(connected, time, utc, machine):
    """RFC 5545 3.3.5, whether the zone is the machine's or was given."""
    if machine:
        connected.run("send", "--yes", connected.issue(), "--at", time, env={"TZ": "Europe/Berlin"})
    else:
        connected.run("send", "--yes", connected.issue(), "--at", time, "--timezone", "Europe/Berlin")
    at = datetime.datetime.fromtimestamp(when(connected)[1], datetime.timezone.utc)
    assert at.isoformat() == f"{utc}:00+00:00"


def test_each_at_their_hour(connected, server):
    """At nine in Almaty, some hours later in Berlin; who has told no zone, by UTC."""
    zones = {"a@example.org": "Asia/Almaty", "b@example.org": "Europe/Berlin", "c@example.org": "Nowhere/Town",
             "d@example.org": None}
    connected.add_active(zones)
    for address, zone in zones.items():
        if zone:
            connected.sql("UPDATE subscriber SET attributes = ? WHERE address = ?", json.dumps({"timezone": zone}), address)
    shown = connected.run("send", "--yes", connected.issue(), "--at", "2030-12-01 09:00", "--local-time").out
    assert "to each at that hour of their own clock" in shown
    assert ("Time zones: 2 of 4 get it by UTC: 1 have no timezone, 1 an unknown one ('Nowhere/Town')") in shown
    assert when(connected)[1] == 1922346000 - 14 * 3600
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")
    assert server.count() == 0
    due = dict(connected.sql("SELECT r.address, d.next_attempt_at FROM delivery d JOIN subscription s ON s.id = d.subscription "
                             "JOIN subscriber r ON r.id = s.subscriber WHERE d.state = 'deferred'"))
    assert {address: (at - 1922346000) / 3600 for address, at in due.items()} == {
        "a@example.org": -5, "b@example.org": -1, "c@example.org": 0, "d@example.org": 0}
    connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE id = 1")
    connected.run("retry")
    assert connected.state_of_each()["a@example.org"] == "sent" and server.count() == 1
    assert when(connected)[0] == "sending"


@pytest.mark.parametrize("zones, said", [
    (["Asia/Almaty", "Europe/Berlin"], "known of everybody"),
    ([None, None, "Europe/Berlin"], "2 of 3 get it by UTC: 2 have no timezone\n"),
    ([7, ["x"], "UTC"], "2 of 3 get it by UTC: 2 have no timezone\n"),
    (["PST", "PST", "GMT+3", "(GMT+01:00) Berlin", "Mars/X", None],
     "6 of 6 get it by UTC: 1 have no timezone, 5 an unknown one ('PST', '(GMT+01:00) Berlin', 'GMT+3', ...)")])
def test_how_many_have_no_zone_of_their_own(connected, zones, said):
    addresses = [f"p{i}@example.org" for i in range(len(zones))]
    connected.add_active(addresses)
    connected.add_active(["elsewhere@example.net"])
    for address, zone in zip(addresses, zones):
        if zone is not None:
            connected.sql("UPDATE subscriber SET attributes = ? WHERE address = ?", json.dumps({"timezone": zone}), address)
    shown = connected.run("send", "--dry-run", connected.issue(), "--at", "2030-12-01 09:00", "--local-time",
                          "--where", 'email ~ "@example.org"').out
    assert "Time zones: " + said in shown


def test_staff_withdraw(connected, server):
    configure(connected)
    connected.run("send", "--yes", connected.issue(), "--at", hours(1))
    connected.run("send", "--yes", connected.issue(name="b.md", number="No 2"), "--at", hours(1))
    token = connected.run("staff", "token", "robot", "--scope", "control").out.strip()
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    assert "Scheduled" in http.page("/issue/1").text
    assert http.press("/issue/1", action="cancel", sure="yes").getheader("Location") == "/"
    answer = http.request("POST", "/api/v1/issues/2/cancel", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 204 and connected.sql("SELECT count(*) FROM issue") == [(0,)]
    http.stop()
