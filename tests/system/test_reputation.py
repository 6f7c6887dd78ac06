"""Reports about us: DMARC and TLS reports that receivers mail, and complaints."""
import contextlib
import json
import mailbox
import os
import re
import time

import nameserver
import pytest

import reports
from test_bounce import arf
from test_staff import staff  # noqa: F401
from reports import BEGIN, DAY, FORMS, dmarc, gz, message, record, tls, tls_message, tls_policy, zipped


def rows(site):
    return site.sql("SELECT p.kind, p.reporter, r.domain, r.source, r.reason, r.total, r.passed, r.spf, r.dkim "
                    "FROM reputation r JOIN reputation_report p ON p.id = r.report "
                    "ORDER BY p.id, r.total DESC, r.source, r.reason")


def take(site, raw):
    """The words of `newsletter bounce` about a message."""
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


NO_REPORTS = ("zip in a zip", "gz in a gz", "empty")  # nothing says that they want to be some


@pytest.mark.first_row_with_postgresql
@pytest.mark.slow(1)
@pytest.mark.parametrize("attack", reports.HOSTILE)
def test_hostile_files_are_not_counted(connected, attack):
    data = reports.HOSTILE[attack]()
    raw = message(("application/octet-stream", "report.xml.gz", data))
    said = connected.run("bounce", "--json", stdin=raw)
    assert json.loads(said.out)["kind"] == "unknown" or len(raw) >= 1 << 20
    assert ("cannot be read: " in said.err) == (attack not in NO_REPORTS), said.err
    assert len(connected.run("bounce", "--kept").out.splitlines()) == (len(raw) < 1 << 20)
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


@pytest.mark.slow(1)
def test_one_reporter_cannot_have_many_names_that_look_the_same(connected):
    for number, name in enumerate(["Receiver", "Rec\u200beiver", "Receiver\u200f", "\u061cReceiver", "Re\u00adceiver", "\ufeffReceiver",
                                   "\u202eReceiver", "Receiver\U000e0041"]):
        take(connected, message(("text/xml", "a.xml", dmarc([record()], name, str(number)).encode())))
    assert connected.sql("SELECT reporter, count(*) FROM reputation_report GROUP BY reporter") == [("Receiver", 8)]


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


@pytest.mark.slow(1)
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


# ---- the figures ----

@pytest.fixture(name="reported")
def fixture_reported(connected, server):
    """A site with reports, and an issue that one of three readers complained about."""
    connected.add_active(["ann@example.org", "bob@example.org", "kim@example.org"])
    connected.run("send", "--yes", connected.issue())
    (raw,) = server.messages("ann@example.org")
    head, rest = raw.split(b"Delivered-To:", 1)
    path = head.split(b"<")[1].split(b">")[0].decode()
    connected.run("bounce", "--recipient", path, stdin=arf("ann@example.org", rest.split(b"\r\n", 1)[1]).replace(
        b"feedback@isp.example.net", b"Feedback <loop@FBL.example.net>"))
    connected.run("bounce", stdin=arf("bob@example.org", b"Subject: forged\n\nx\n"))
    reports.fill(connected)
    return connected


@pytest.mark.slow(1)
def test_figures_as_json(reported):
    figures = json.loads(reported.run("report", "--reputation", "--json").out)
    assert "Anybody can mail" in figures["note"]
    (day,) = figures["dmarc"]["days"]
    assert (day["day"], day["domain"], day["messages"], day["passed"], day["spf"], day["dkim"]) == (
        time.strftime("%Y-%m-%d", time.gmtime(BEGIN)), "example.org", 620, 600, 600, 540)
    assert [(row["source"], row["kind"], row["messages"], row["passed"]) for row in figures["dmarc"]["sources"]] == [
        ("192.0.2.10", "ours", 580, 580), ("2001:db8::10", "ours", 20, 20), ("203.0.113.9", "other", 20, 0)]
    assert sorted(row["reporter"] for row in figures["dmarc"]["reporters"]) == [
        "Enterprise Outlook", "Fastmail Pty Ltd", "Mail.Ru", "Yahoo", "google.com"]
    assert figures["tls"]["policies"] == [{"policy": "sts", "reason": "", "sessions": 100},
                                          {"policy": "sts", "reason": "certificate-expired", "sessions": 3}]
    assert [(row["provider"], row["complaints"]) for row in figures["complaints"]["providers"]] == [("fbl.example.net", 1)]
    assert [(row["sent"], row["complaints"]) for row in figures["complaints"]["issues"]] == [(3, 1)]


@pytest.mark.slow(1)
def test_a_complaint_without_a_reporter_counts_for_the_domain(reported, server):
    (raw,) = server.messages("kim@example.org")
    (identifier,) = re.findall(rb"Message-ID: *(<[^>]+>)", raw, re.I)
    reported.run("bounce", stdin=json.dumps({"event": "complaint", "address": "kim@example.org",
                                             "message_id": identifier.decode()}).encode())
    complaints = json.loads(reported.run("report", "--reputation", "--json").out)["complaints"]
    assert [(row["provider"], row["complaints"]) for row in complaints["providers"]] == [
        ("example.org", 1), ("fbl.example.net", 1)]
    assert [row["complaints"] for row in complaints["issues"]] == [2]


def test_a_maildir_of_bounces_and_reports(connected):
    box = mailbox.Maildir(os.path.join(connected.folder, "box"))
    box.add(FORMS["google"]())
    box.add(tls_message(gz(tls())))
    box.add(message(("application/gzip", "a.xml.gz", gz("<feedback>"))))
    out = connected.run("bounce", "box").out
    assert "3 messages, 2 report, 1 unknown" in out
    assert [len(mailbox.Maildir(os.path.join(connected.folder, "box", name))) for name in (".Processed", ".Unknown")] == [2, 1]
    assert connected.sql("SELECT kind FROM reputation_report ORDER BY kind") == [("dmarc",), ("tls",)]


@pytest.mark.slow(1)
def test_figures_as_text(reported):
    text = reported.run("report", "--reputation").out
    assert "Anybody can mail such reports" in " ".join(text.split()) and re.search(r"example\.org +620 +96\.8 % +96\.8 % +87\.1 %", text)
    assert re.search(r"203\.0\.113\.9 +example\.org +other +20 +0\.0 %", text)
    assert re.search(r"sts +certificate-expired +3\n", text) and re.search(r"fbl\.example\.net +1 ", text)
    assert re.search(r" 3 +1 +333\.33\n", text)
    reported.run("report", "--reputation", "--output", "figures.txt")
    with open(os.path.join(reported.folder, "figures.txt"), encoding="utf-8") as file:
        assert file.read() == text


def test_a_share_is_not_rounded_up_to_all(connected):
    take(connected, message(("text/xml", "a.xml", dmarc([record(count=999999), record("192.0.2.3", 1, "fail", "fail")]).encode())))
    assert re.search(r"1000000 +99\.9 %", connected.run("report", "--reputation").out)


def test_figures_of_nothing(connected):
    out = connected.run("report", "--reputation").out
    assert "No report came" in out and "rua=mailto:" in out
    for more in (["--html"], ["--list", "bulletin"], ["--metrics"], ["no-1"]):
        assert "--reputation" in connected.run("report", "--reputation", *more, expect=64).err


@pytest.mark.slow(1)
def test_the_dashboard(staff, reported):  # noqa: F811
    server = staff()
    server.login()
    take(reported, message(("text/xml", "a.xml", dmarc([record()], "<script>alert(1)&lt;/script>".replace(
        "<script>", "&lt;script>"), "xss").encode())))
    assert 'href="https://staff.example.org/reputation"' in server.page("/").text or "/reputation\"" in server.page("/").text
    page = server.page("/reputation").text
    for words in ("Anyone can send us such a report", "203.0.113.9", "Someone else", "96.8 %", "certificate-expired",
                  "fbl.example.net", "333.33", "Yahoo"):
        assert words in page, words
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert server.get("/reputation").status == 303  # only with a login


def test_direct_delivery_in_the_dashboard(staff, connected):  # noqa: F811
    server = staff()
    server.login()
    assert '/delivery"' in server.page("/").text
    assert "No messages have been delivered directly." in server.page("/delivery").text
    connected.sql("INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, bounced, throttled) VALUES "
                  "('2100-01-01', 'google', '192.0.2.1', 17, 13, 2, 1, 5), ('2100-01-01', 'other', '', 9, 8, 0, 1, 0)")
    rows = re.findall(r"<tr>(.*?)</tr>", server.page("/delivery").text)
    assert [re.sub(r"<[^>]+>", " ", row).split() for row in rows] == [
        ["Provider", "Attempts", "Sent", "To", "be", "tried", "again", "Not", "delivered", "Throttled"],
        ["google", "17", "13", "2", "1", "5"], ["All", "others", "9", "8", "0", "1", "0"]]
    assert server.get("/delivery").status == 303  # only with a login


# ---- doctor ----

def findings(site, *args):
    found = json.loads(site.run("doctor", "--json", *(args or ["--local"]), expect=None).out)
    return [(entry["level"], entry["text"]) for entry in found if entry["rule"] == "reputation"]


@pytest.mark.slow(1)
def test_doctor_warns_of_others_in_our_name(reported):
    (level, words), = [entry for entry in findings(reported) if "in your name" in entry[1]]
    assert level == "warning" and "20 messages" in words and "203.0.113.9" in words and "p=reject" in words
    assert any("could not be encrypted" in words and "certificate-expired" in words for _, words in findings(reported))


def test_doctor_warns_of_a_share_that_fails(connected):
    take(connected, message(("text/xml", "a.xml", dmarc([record(count=90), record(count=10, spf="fail", dkim="fail")]).encode())))
    (entry,) = findings(connected)
    assert entry[0] == "warning" and "10 of 100 messages" in entry[1]


def test_doctor_is_content(connected):
    assert findings(connected) == []
    take(connected, message(("text/xml", "a.xml", dmarc([record(count=99), record(count=1, spf="fail", dkim="fail")]).encode())))
    (entry,) = findings(connected)
    assert entry[0] == "ok" and "100 messages" in entry[1]


def test_doctor_knows_a_server_of_ours_that_fails(connected):
    take(connected, message(("text/xml", "a.xml", dmarc([record("192.0.2.25", 9, "fail", "fail")]).encode())))
    with names("v=DMARC1; p=none; rua=mailto:x@example.net") as server:
        said = findings(connected, "--name-servers", server.address, "--origin", "192.0.2.25")
    assert [level for level, _ in said] == ["warning"] and "192.0.2.25, a server of yours" in said[0][1]


@contextlib.contextmanager
def names(policy):
    server = nameserver.NameServer(txt={"example.org": ["v=spf1 -all"], "_dmarc.example.org": [policy]}, mx={}, a={}, ptr={})
    yield server
    server.stop()


@pytest.mark.slow(1)
@pytest.mark.skipif(not nameserver.available(), reason="needs dnsmasq")
def test_doctor_misses_reports_that_should_come_here(connected, server):
    def missing(policy="v=DMARC1; p=none; rua=mailto:Bounces+dmarc@EXAMPLE.org!10m"):
        with names(policy) as name_server:
            return [level for level, words in findings(connected, "--name-servers", name_server.address)
                    if "none came" in words]
    connected.configure(bounce_address="bounces@example.org")
    connected.add_active(["ann@example.org"])
    assert missing() == []  # nothing was sent, so nothing is reported
    connected.run("send", "--yes", connected.issue())
    assert missing() == []  # and of today not yet
    connected.sql("UPDATE issue SET created_at = created_at - 300000, ended_at = ended_at - 300000")
    connected.sql("UPDATE delivery SET updated_at = updated_at - 300000")
    assert missing() == ["warning"]
    assert missing("v=DMARC1; p=none; rua=mailto:bounces@example.net") == []  # they go elsewhere
    assert missing("v=DMARC1; p=none; rua=mailto:mybounces@example.org") == []
    take(connected, message(("text/xml", "a.xml", dmarc([record()]).encode())))
    assert missing() == []
