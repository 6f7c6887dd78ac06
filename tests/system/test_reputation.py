"""Reports about us: DMARC and TLS reports that receivers mail, and complaints."""
import json
import mailbox
import os
import re

import pytest

import reports
from reports import BEGIN, DAY, FORMS, dmarc, gz, message, record, tls, tls_message, tls_policy, zipped


def rows(site):
    return site.sql("SELECT p.kind, p.reporter, r.domain, r.source, r.reason, r.total, r.passed, r.spf, r.dkim "
                    "FROM reputation r JOIN reputation_report p ON p.id = r.report "
                    "ORDER BY p.id, r.total DESC, r.source, r.reason")


def take(site, raw):
    """What `newsletter bounce` says of a message."""
    return json.loads(site.run("bounce", "--json", stdin=raw).out)


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_receivers(connected, form):
    said = take(connected, FORMS[form]())
    assert said["kind"] == "report" and said["report"]["kind"] == "dmarc" and said["report"]["counted"] is True
    found = rows(connected)
    assert sum(row[5] for row in found if row[3] != "203.0.113.9") == 120
    assert [row[5:] for row in found if row[3] == "203.0.113.9"] == [(4, 0, 0, 0)]
    assert {row[2] for row in found} == {"example.org"}
    assert all(row[5] == row[6] == row[7] for row in found if row[3] != "203.0.113.9")
    assert connected.sql("SELECT day FROM reputation_report") == [(BEGIN // DAY,)]


def test_tls_reports(connected):
    policies = [tls_policy("sts", 100, 5, [("certificate-expired", 3), ("made-up\n", 1)]),
                tls_policy("tlsa", 7, 0), tls_policy("unheard-of", 1, 2, [], domain="mx.example.org"),
                tls_policy("sts", 1000, 0, domain="elsewhere.example.net")]
    wanted = [("tls", "Receiver Inc.", "example.org", source, reason, total, passed, 0, 0)
              for source, reason, total, passed in (
                  ("sts", "", 100, 100), ("tlsa", "", 7, 7), ("sts", "certificate-expired", 3, 0),
                  ("other", "other", 2, 0), ("sts", "other", 2, 0), ("other", "", 1, 1))]
    assert take(connected, tls_message(gz(tls(policies))))["report"]["kind"] == "tls"
    assert rows(connected) == wanted
    take(connected, tls_message(tls(policies, report="t2").encode(), "application/tlsrpt+json"))
    assert rows(connected) == wanted + wanted


def test_a_report_counts_once(connected):
    text = dmarc([record()])
    raw = message(("application/gzip", "a.xml.gz", gz(text)))
    first = take(connected, raw)
    again = take(connected, message(("application/zip", "b.zip", zipped(text)), subject="the same, packed otherwise"))
    same = take(connected, raw)
    assert first["report"]["counted"] and not again["report"]["counted"] and again["report"]["why"] == "it came before"
    assert same["seen"] and len(rows(connected)) == 1
    take(connected, message(("text/xml", "c.xml", dmarc([record()], reporter="other.example.net").encode())))
    take(connected, message(("text/xml", "d.xml", dmarc([record()], report="2").encode())))
    assert len(rows(connected)) == 3


def test_only_our_domains_are_kept(connected):
    said = take(connected, message(("text/xml", "a.xml", dmarc(
        [record("192.0.2.1", 1, domain="news.example.org"), record("192.0.2.2", 2, domain="example.net"),
         record("192.0.2.3", 4, domain="badexample.org"), record("192.0.2.4", 8, domain="org"),
         record("no address", 16), record("192.0.2.1", 32)]).encode())))
    assert said["report"]["counted"]
    assert [(row[2], row[3], row[5]) for row in rows(connected)] == [
        ("example.org", "192.0.2.1", 33), ("example.org", "", 16)]
    said = take(connected, message(("text/xml", "b.xml", dmarc([record(domain="example.net")], report="2").encode())))
    assert not said["report"]["counted"] and "no domain" in said["report"]["why"]
    assert connected.sql("SELECT count(*) FROM reputation_report") == [(1,)]


@pytest.mark.parametrize("attack", reports.hostile())
def test_hostile_files_are_not_counted(connected, attack):
    data = reports.hostile()[attack]
    raw = message(("application/octet-stream", "report.xml.gz", data))
    if len(raw) < 1 << 20:
        assert take(connected, raw)["kind"] == "unknown"
        assert len(connected.run("bounce", "--kept").out.splitlines()) == 1
    else:
        connected.run("bounce", stdin=raw)
    assert rows(connected) == [] and "root:" not in connected.run("bounce", "--kept").out


def test_a_wrong_charset_does_not_lose_a_report(connected):
    for number, (declared, encoded) in enumerate((("UTF-8", "latin-1"), ("UTF-16", "utf-16"), ("KOI8-R", "koi8-r"),
                                                  ("no-such-charset", "utf-8"), ("windows-1251", "cp1251"))):
        head = f'<?xml version="1.0" encoding="{declared}"?>'
        name = "M\xfcller" if encoded in ("latin-1", "utf-8", "utf-16") else "Отчёт"
        text = dmarc([record()], name, str(number), head=head).encode(encoded)
        assert take(connected, message(("text/xml", "a.xml", text)))["report"]["counted"], declared
    names = [row[1] for row in rows(connected)]
    assert names[:3] == ["Müller", "Müller", "Отчёт"] and names[4] == "Отчёт" and len(names) == 5


def test_a_name_cannot_break_a_terminal(connected):
    take(connected, message(("text/xml", "a.xml", dmarc([record()], "a&#10;b\u202e\u009bc" + "x" * 300).encode())))
    (name,), = connected.sql("SELECT reporter FROM reputation_report")
    assert len(name.encode()) <= 100 and not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", name)


def test_no_report_reaches_a_subscription(connected, server):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    (raw,) = server.messages("ann@example.org")
    path = raw.split(b"Delivered-To:", 1)[0].split(b"<")[1].split(b">")[0].decode()
    feedback = (b"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n"
                b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
                b"Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.1.1\n\n")
    for text in (dmarc([record()]), "<feedback>"):
        mail = (b"From: MAILER-DAEMON@example.net\nSubject: Undelivered: Report domain: example.org\n"
                b"Content-Type: multipart/report; boundary=b\n\n" + feedback +
                b"--b\nContent-Type: text/xml\n\n" + text.encode() + b"\n--b--\n")
        said = json.loads(connected.run("bounce", "--json", "--recipient", path, stdin=mail).out)
        assert said["kind"] in ("report", "unknown") and not said["proved"] and said["ended"] == 0
    assert connected.sql("SELECT state, bounce_score FROM subscription") == [("active", 0)]
    assert connected.sql("SELECT count(*) FROM suppression") == [(0,)]


def test_a_mail_that_came_back_with_files_is_a_bounce(connected):
    mine = message(("application/zip", "a.zip", zipped(dmarc([record()]))), to="ann@example.org")
    mail = (b"From: MAILER-DAEMON@example.net\nSubject: Undelivered\n"
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=q\n\n"
            b"--q\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
            b"Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.1.1\n\n"
            b"--q\nContent-Type: message/rfc822\n\n" + mine + b"\n--q--\n")
    assert take(connected, mail)["kind"] == "hard" and rows(connected) == []


def test_what_one_reporter_can_store_is_bounded(connected):
    for start in range(1, 4):
        box = mailbox.mbox(os.path.join(connected.folder, f"box{start}"))
        for number in range(60):
            box.add(message(("text/xml", "a.xml", dmarc([record()], report=f"{start}-{number}").encode())))
        box.close()
        connected.run("bounce", f"box{start}")
    assert connected.sql("SELECT count(*) FROM reputation_report") == [(100,)]
    assert take(connected, message(("text/xml", "a.xml", dmarc([record()], "honest.example.net").encode())))["report"]["counted"]
    take(connected, message(("application/gzip", "b.gz", gz(dmarc(
        [record(f"10.{i >> 8 & 255}.{i & 255}.1", i % 100 + 1) for i in range(8000)], "large.example.net")))))
    count, total = connected.sql("SELECT count(*), sum(total) FROM reputation r JOIN reputation_report p ON p.id = r.report "
                                 "WHERE p.reporter = 'large.example.net'")[0]
    assert count == 100 and total == sum(i % 100 + 1 for i in range(8000))


def test_days_past_and_days_to_come_are_not_kept(connected):
    for number, day in enumerate((BEGIN - 400 * DAY, BEGIN + 10 * DAY, 4102444000 - DAY)):
        said = take(connected, message(("text/xml", "a.xml", dmarc(
            [record()], report=str(number), begin=day, end=day + DAY - 1).encode())))
        assert not said["report"]["counted"] and "about a day" in said["report"]["why"]


def test_retention(connected):
    for number, back in enumerate((0, 20, 100)):
        day = BEGIN - back * DAY
        take(connected, message(("text/xml", "a.xml", dmarc(
            [record()], report=str(number), begin=day, end=day + DAY - 1).encode())))
    connected.configure(retention={"reports": "30d"})
    assert json.loads(connected.run("prune", "--dry-run", "--json").out)["reports"] == 1
    assert connected.sql("SELECT count(*) FROM reputation_report") == [(3,)]
    connected.run("prune")
    assert connected.sql("SELECT count(*) FROM reputation_report") == [(2,)] and len(rows(connected)) == 2
