"""Bounces, from the pipe, files and folders: what they do to subscriptions."""
import email
import json
import mailbox
import os
import sqlite3

import pytest

DSN = """From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Original-Recipient: rfc822;{address}
Final-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b1
Content-Type: text/rfc822-headers

Subject: News
Message-ID: <{message_id}>
X-Serial: {serial}

--b1--
"""

serial = 0


def dsn(address="ann@example.org", to="bounces@example.org", status="5.1.1", action="failed",
        diagnostic="550 5.1.1 User unknown", message_id="x@example.org"):
    global serial
    serial += 1
    return DSN.format(address=address, to=to, status=status, action=action, diagnostic=diagnostic,
                      message_id=message_id, serial=serial).encode()


def arf(address, original):
    return f"""From: feedback@isp.example.net
To: bounces@example.org
Subject: FW: News
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an email abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Example/1.0
Version: 1
Original-Rcpt-To: {address}

--b2
Content-Type: message/rfc822

""".encode() + original + b"\n--b2--\n"


@pytest.fixture
def sent(connected, server):
    """A site that has sent one issue to Ann and Bob: the site and each message's return path."""
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.run("send", "--yes", connected.issue())
    paths = {}
    for address in ("ann@example.org", "bob@example.org"):
        (raw,) = server.messages(address)
        head, rest = raw.split(b"Delivered-To:", 1)
        paths[address] = (head.split(b"<")[1].split(b">")[0].decode(), rest.split(b"\r\n", 1)[1])
    return connected, paths


def state(site, address):
    return site.sql("SELECT s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                    "WHERE r.address = ?", address)[0][0]


def test_hard_bounce_ends_the_subscription_and_marks_the_delivery(sent):
    site, paths = sent
    out = site.run("bounce", "--json", stdin=dsn(to=paths["ann@example.org"][0])).out
    assert json.loads(out)["proved"] is True and json.loads(out)["ended"] == 1
    assert state(site, "ann@example.org") == "bounced"
    assert state(site, "bob@example.org") == "active"
    assert site.state_of_each() == {"ann@example.org": "bounced", "bob@example.org": "sent"}
    assert site.sql("SELECT reply_status, reply_text FROM delivery WHERE state = 'bounced'") == [
        ("5.1.1", "550 5.1.1 User unknown")]


def test_the_token_counts_whatever_the_case_and_wherever_it_stands(sent):
    site, paths = sent
    token = paths["ann@example.org"][0]
    site.run("bounce", "--recipient", token.upper(), stdin=dsn(to="list@example.org"))
    assert state(site, "ann@example.org") == "bounced"
    site.run("bounce", stdin=dsn("bob@example.org"),
             env={"ORIGINAL_RECIPIENT": paths["bob@example.org"][0]})
    assert state(site, "bob@example.org") == "bounced"


def test_the_message_id_of_what_came_back_is_proof_too(sent):
    site, paths = sent
    data = paths["ann@example.org"][1]
    message_id = [line for line in data.split(b"\r\n") if line.lower().startswith(b"message-id:")]
    message_id = message_id[0].split(b"<")[1].split(b">")[0].decode()
    site.run("bounce", stdin=dsn(message_id=message_id))
    assert state(site, "ann@example.org") == "bounced"


@pytest.mark.slow(1)
@pytest.mark.parametrize("forge", [
    lambda token: "bounces@example.org",
    lambda token: token[:token.index("-") + 1] + "a" * 16 + token[token.index("@"):],
    lambda token: token.replace("+1-", "+2-", 1) if "+1-" in token else token.replace("+2-", "+1-"),
])
def test_without_the_token_a_bounce_is_a_soft_count_at_most(sent, forge):
    site, paths = sent
    for _ in range(7):  # again and again within a day
        site.run("bounce", stdin=dsn(to=forge(paths["ann@example.org"][0])))
        site.run("bounce", stdin=arf("ann@example.org", b"Subject: x\n\nx\n"))
    assert state(site, "ann@example.org") == "active"
    assert site.sql("SELECT bounce_score FROM subscription ORDER BY id") == [(1.0,), (0.0,)]


@pytest.mark.slow(1)
def test_soft_bounces_add_up_over_days(sent):
    site, paths = sent
    full = dict(to=paths["ann@example.org"][0], status="4.2.2", diagnostic="452 4.2.2 Mailbox full")
    for day in range(5):
        assert state(site, "ann@example.org") == "active", day
        site.run("bounce", stdin=dsn(**full))
        site.sql("UPDATE subscription SET bounce_at = bounce_at - 86460 WHERE bounce_at IS NOT NULL")
    assert state(site, "ann@example.org") == "active"  # they decay a little
    site.run("bounce", stdin=dsn(**full))
    assert state(site, "ann@example.org") == "bounced"


@pytest.mark.slow(1)
def test_old_soft_bounces_fade(sent):
    site, paths = sent
    full = dict(to=paths["ann@example.org"][0], status="5.2.2", diagnostic="552 5.2.2 over quota")
    for _ in range(20):
        site.run("bounce", stdin=dsn(**full))
        site.sql("UPDATE subscription SET bounce_at = bounce_at - 86400 * 120 "
                 "WHERE bounce_at IS NOT NULL")
    assert state(site, "ann@example.org") == "active"
    assert site.sql("SELECT max(bounce_score) FROM subscription")[0][0] < 2.01


def test_the_policy_is_in_the_configuration(sent):
    site, paths = sent
    site.configure(bounce={"hard": 2, "limit": 3})
    site.run("bounce", stdin=dsn(to=paths["ann@example.org"][0]))
    assert state(site, "ann@example.org") == "active"
    site.run("bounce", stdin=dsn(to=paths["ann@example.org"][0]))
    assert state(site, "ann@example.org") == "bounced"


def test_complaint_ends_and_suppresses(sent):
    site, paths = sent
    site.run("bounce", stdin=arf("redacted@example.org", paths["ann@example.org"][1]))
    assert state(site, "ann@example.org") == "complained"
    assert "ann@example.org" in site.run("suppress", "list").out
    assert state(site, "bob@example.org") == "active"


def test_the_same_message_counts_once(sent):
    site, paths = sent
    message = dsn(to=paths["ann@example.org"][0])
    site.run("bounce", stdin=message)
    site.sql("UPDATE subscription SET state = 'active'")
    assert json.loads(site.run("bounce", "--json", stdin=message).out)["seen"] is True
    assert state(site, "ann@example.org") == "active"


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("message, kind", [
    (dsn(action="delayed", status="4.4.1", diagnostic="connect timed out"), "delayed"),
    (b"From: ann@example.org\nSubject: Out of office: News\n\nBack on Monday.\n", "auto-reply"),
    (b"From: ann@example.org\nAuto-Submitted: auto-replied\nSubject: Re\n\nThanks.\n", "auto-reply"),
    (b"From: ann@example.org\nSubject: A question\n\nHow are you?\n", "unknown"),
    (b"\xff\xfe\x00\x01", "unknown"),
], ids=["delayed", "away", "automatic", "question", "noise"])
def test_what_is_no_bounce_changes_nothing(sent, message, kind):
    site, paths = sent
    out = site.run("bounce", "--json", "--recipient", paths["ann@example.org"][0], stdin=message).out
    assert json.loads(out)["kind"] == kind
    assert state(site, "ann@example.org") == "active"
    assert site.sql("SELECT max(bounce_score) FROM subscription") == [(0.0,)]


def test_unsubscribing_by_mail(sent):
    site, paths = sent
    field = [line for line in paths["ann@example.org"][1].replace(b"\r\n ", b" ").split(b"\r\n")
             if line.startswith(b"List-Unsubscribe:")][0].decode()
    mailto = field.split("<mailto:")[1].split(">")[0]
    address, subject = mailto.split("?subject=")
    assert address == "bounces@example.org"
    message = f"From: ann@example.org\nTo: {address}\nSubject: {subject.replace('%20', ' ')}\n\n"
    out = site.run("bounce", "--json", stdin=message.encode()).out
    assert json.loads(out)["kind"] == "unsubscribe"
    assert state(site, "ann@example.org") == "unsubscribed"
    assert state(site, "bob@example.org") == "active"


def test_a_stranger_cannot_unsubscribe_others_by_mail(sent):
    site, _ = sent
    message = b"From: ann@example.org\nTo: bounces@example.org\nSubject: unsubscribe\n\nann@example.org"
    site.run("bounce", stdin=message)
    site.run("bounce", stdin=b"Subject: unsubscribe 00000000-0000-4000-8000-000000000000\n\n")
    assert state(site, "ann@example.org") == "active"


def test_events_of_providers_are_proved_by_our_message_id_and_count_once(sent):
    site, paths = sent
    ids = {address: email.message_from_bytes(raw)["Message-ID"] for address, (_, raw) in paths.items()}
    events = [{"event": "bounce", "email": address, "reason": "550 5.1.1 user unknown", "smtp-id": ids[address]}
              for address in paths]
    rows = [json.loads(line) for line in site.run("bounce", "--json", stdin=json.dumps(events).encode()).out.splitlines()]
    assert [(row["proved"], row["ended"]) for row in rows] == [(True, 1), (True, 1)]
    assert state(site, "ann@example.org") == state(site, "bob@example.org") == "bounced"
    # The same one by one, with other white space: seen before.
    again = "\n\n".join(json.dumps(event, indent=2) for event in events)
    rows = [json.loads(line) for line in site.run("bounce", "--json", stdin=again.encode()).out.splitlines()]
    assert [row["seen"] for row in rows] == [True, True]
    assert "not JSON" in site.run("bounce", stdin=b'{"event":', expect=65).err


def test_what_is_not_understood_is_kept_shown_and_dismissed(sent):
    site, _ = sent
    message = b"From: ann@example.org\nSubject: A question\n\nHow are you?\n"
    site.run("bounce", stdin=message)
    number = site.run("bounce", "--kept").out.split("\t")[0]
    assert site.run("bounce", "--show", number).stdout == message
    site.run("bounce", "--dismiss", number)
    assert site.run("bounce", "--kept").out == ""
    assert "no message" in site.run("bounce", "--show", number, expect=67).err


def test_maildir(sent, tmp_path):
    site, paths = sent
    box = mailbox.Maildir(str(tmp_path / "box"), create=True)
    box.add(dsn(to=paths["ann@example.org"][0]))
    box.add(b"From: x@example.org\nSubject: hm\n\nwhat?\n")
    out = site.run("bounce", str(tmp_path / "box")).out
    assert out == "2 messages, 1 hard, 1 unknown; 1 subscription ended\n"
    assert len(box) == 0
    assert len(box.get_folder("Processed")) == 1 and len(box.get_folder("Unknown")) == 1
    assert state(site, "ann@example.org") == "bounced"
    assert site.run("bounce", str(tmp_path / "box")).out.startswith("0 messages")


def test_mbox_and_folder_of_files(sent, tmp_path):
    site, paths = sent
    box = mailbox.mbox(str(tmp_path / "box"))
    for address, (token, _) in paths.items():
        box.add(dsn(address, to=token))
    box.flush()
    before = (tmp_path / "box").read_bytes()
    assert site.run("bounce", str(tmp_path / "box")).out == \
        "2 messages, 2 hard; 2 subscriptions ended\n"
    assert (tmp_path / "box").read_bytes() == before
    assert "2 of them seen before; 0 subscriptions" in site.run("bounce", str(tmp_path / "box")).out
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.eml").write_bytes(dsn())
    assert site.run("bounce", str(folder)).out.startswith("1 message, 1 hard")


@pytest.mark.one_engine("about SQLite's own files")
def test_the_mail_system_keeps_what_we_cannot_take(sent):
    site, paths = sent
    message = dsn(to=paths["ann@example.org"][0])
    os.rename(site.database, site.database + ".away")
    assert "database" in site.run("bounce", stdin=message, expect=75).err
    os.rename(site.database + ".away", site.database)
    lock = sqlite3.connect(site.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    process = site.popen("bounce", "-")  # waits for its turn
    lock.execute("ROLLBACK")
    process.communicate(timeout=60)
    site.run("bounce", stdin=message)
    assert state(site, "ann@example.org") == "bounced"


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("words, status, said", [
    (["bounce", "--show", "x"], 64, "not the number"),
    (["bounce", "--kept", "--fetch"], 64, "exclude"),
    (["bounce", "--fetch"], 78, "fetch.host"),
    (["bounce", "/nowhere"], 66, "/nowhere"),
    (["bounce"], 65, "no message"),
])
def test_bad_use(connected, words, status, said):
    assert said in connected.run(*words, expect=status).err


def test_a_returned_subscriber_may_come_back(sent):
    site, paths = sent
    site.run("bounce", stdin=dsn(to=paths["ann@example.org"][0]))
    site.run("subscribe", "ann@example.org")
    token = site.sql("SELECT count(*) FROM delivery WHERE kind = 'confirmation'")
    assert token == [(1,)]
    assert state(site, "ann@example.org") == "pending"


