"""The page of an issue follows it while it is sent: by server-sent events, and without scripts by loading itself again."""
import http.client
import re
import socket

import pytest
from conftest import wait_for
from test_press_room import account
from test_staff import staff  # noqa: F401


class Stream:
    """A stream, read as a browser's EventSource reads it."""

    def __init__(self, http_server, issue=1, cookie=None, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", http_server.port, timeout=60)
        self.connection.request("GET", f"/issue/{issue}/events", headers={
            "Cookie": cookie or http_server.cookie, "Accept": "text/event-stream", **headers})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def lines(self):
        while line := self.answer.readline().decode():
            yield line.rstrip("\n")

    def event(self):
        """The next event as (kind, id, data); None at the end."""
        kind, number, data = "message", None, []
        for line in self.lines():
            if line == "":
                if data:
                    return kind, number, "\n".join(data)
            elif line.startswith("data:"):
                data.append(line[6:])
            elif line.startswith("id:"):
                number = line[4:]
            elif line.startswith("event:"):
                kind = line[7:]
        return None

    def until(self, words):
        while event := self.event():
            if words in event[2]:
                return event
        raise AssertionError(words)

    def close(self):
        self.answer.close()
        self.connection.close()


@pytest.fixture
def sending(connected):
    """An issue that is being sent, of which this test moves each delivery itself: nothing depends on speed."""
    connected.add_active([f"r{number}@{domain}" for number in range(4) for domain in ("example.org", "mail.example.com")])
    connected.run("send", "--yes", connected.issue(title="Ferries <b>"), expect=None)
    now = connected.sql("SELECT created_at FROM issue")[0][0]
    connected.sql("UPDATE issue SET state = 'sending', ended_at = NULL")
    connected.sql("UPDATE delivery SET state = 'queued', updated_at = ?", now)
    return connected


def move(connected, number, state):
    connected.sql("UPDATE delivery SET state = ?, updated_at = ? WHERE id IN (SELECT id FROM delivery WHERE state = 'queued' ORDER BY id "
                  "LIMIT ?)", state, connected.sql("SELECT max(updated_at) FROM delivery")[0][0], number)


def figures(text):
    """The figures of the page or of an event, by their names; and the rows of the table by provider."""
    names = re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)</dd>", text)
    rows = re.findall(r'<th scope="row"><bdi>([^<]+)</bdi></th>((?:<td class="number">\d+</td>)+)', text)
    return dict(names), {name: [int(cell) for cell in re.findall(r"\d+", cells)] for name, cells in rows}


@pytest.mark.slow(1)
def test_followed_to_its_end(staff, sending):  # noqa: F811
    http_server = staff("--no-mail")
    http_server.login()
    stream = Stream(http_server)
    assert stream.status == 200 and stream.answer.getheader("Content-Type").startswith("text/event-stream")
    assert "unsafe" not in stream.answer.getheader("Content-Security-Policy")
    _, first, text = stream.event()
    assert "0 of 8 processed" in text
    move(sending, 1, "deferred")  # no one of those that are processed: the last one of these makes four
    move(sending, 3, "sent")
    move(sending, 1, "bounced")
    _, second, text = stream.until("4 of 8 processed")
    assert second != first
    names, rows = figures(text)
    assert (names["Sent"], names["Bounced"], names["Deferred"], names["Queued"]) == ("3", "1", "1", "3")
    assert {name: sum(cells) for name, cells in rows.items()} == {"example.org": 4, "mail.example.com": 4}
    page = http_server.page("/issue/1").text  # the same without scripts, which loads itself again
    assert figures(page)[1] == rows and '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert int(names["Messages a minute"]) > 0
    assert http_server.press("/issue/1", action="pause").status == 303
    _, _, text = stream.until("Paused")
    assert 'value="resume"' in text and 'value="pause"' not in text
    assert http_server.press("/issue/1", action="resume").status == 303
    stream.until("Sending")
    move(sending, 3, "sent")
    sending.sql("UPDATE issue SET state = 'sent', ended_at = created_at")
    assert stream.until("7 of 8 processed")
    wait_for(lambda: stream.event()[0] == "over")
    assert stream.event() is None
    assert "data-stream" not in http_server.page("/issue/1").text


@pytest.mark.slow(1)
def test_a_connection_that_was_cut_goes_on(staff, sending):  # noqa: F811
    http_server = staff("--no-mail")
    http_server.login()
    stream = Stream(http_server)
    _, last, _ = stream.event()
    stream.connection.sock and stream.connection.sock.shutdown(socket.SHUT_RDWR)
    stream.close()
    again = Stream(http_server, **{"Last-Event-ID": last})  # knows this one: hears nothing before there is news
    move(sending, 2, "sent")
    _, number, text = again.event()
    assert number != last and ("2 of 8" in text or "1 of 8" in text)
    again.close()
    for strange in ("x" * 5000, "", "\x01", "0" * 64):
        odd = Stream(http_server, **{"Last-Event-ID": strange})
        assert odd.status != 200 or "2 of 8" in odd.event()[2]
        odd.close()


@pytest.mark.slow(1)
def test_it_ends_with_the_session(staff, sending):  # noqa: F811
    """By logging out, by time, with the account, and with its role: each at once."""
    http_server = staff("--no-mail")
    streams = {}
    for name in ("bob", "eve", "kim"):
        account(sending, name, "sender")
    for name in ("bob", "eve", "kim", "ann"):
        http_server.login(name)
        streams[name] = Stream(http_server)
        assert streams[name].event()[0] == "message"
    assert http_server.press("/logout").status == 303
    sending.run("staff", "remove", "bob")
    sending.sql("UPDATE staff SET role = 'none' WHERE name = 'eve'")
    sending.sql("UPDATE staff_session SET expires_at = 1 WHERE staff = (SELECT id FROM staff WHERE name = 'kim')")
    for stream in streams.values():
        seen = []
        while event := stream.event():
            seen.append(event[0])
        assert seen[-1] == "over"


@pytest.mark.slow(1)
def test_who_may_look_on(staff, sending):  # noqa: F811
    http_server = staff("--no-mail")
    assert Stream(http_server, cookie="x=y").status == 303
    http_server.login()
    assert Stream(http_server, issue=2).status == 404
    account(sending, "kim", "viewer")
    account(sending, "eve", "none")
    http_server.login("kim")
    kim = Stream(http_server)
    assert "<button" not in kim.event()[2]
    http_server.login("eve")
    assert Stream(http_server).status == 404


@pytest.mark.slow(1)
def test_how_many_look_on(staff, sending):  # noqa: F811
    """One person has a few streams, all together have a bound, and those who leave make room."""
    http_server = staff("--no-mail")
    streams = []
    for name in [f"p{number}" for number in range(8)]:
        account(sending, name, "viewer")
        assert http_server.login(name).status == 303
        streams += [Stream(http_server) for _ in range(6)]
        assert Stream(http_server).status == 429
    assert {stream.status for stream in streams} == {200}
    http_server.login()
    refused = Stream(http_server)
    assert refused.status == 429 and refused.answer.getheader("Retry-After") == "30"
    assert "processed" in http_server.page("/issue/1").text  # the page itself is there for all
    for stream in streams:
        stream.close()
    wait_for(lambda: Stream(http_server).status == 200)


@pytest.mark.slow(1)
def test_it_ends_with_the_server(staff, sending):  # noqa: F811
    http_server = staff("--no-mail")
    http_server.login()
    stream = Stream(http_server)
    assert stream.event()
    http_server.process.terminate()
    assert stream.event() is None
    assert http_server.process.wait(60) == 0
