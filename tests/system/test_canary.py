"""A canary: an issue goes to a sample and to mailboxes of our own first. Postfix delivers, Dovecot shows where the mail lies."""
import json
import os
import shutil
import signal
import socket
import threading
import time

import certificates
import pytest
from conftest import wait_for
from dovecot import Dovecot
from postfix import Postfix, available

pytestmark = [
    pytest.mark.skipif(not available() or not shutil.which("dovecot"), reason="needs Postfix, Dovecot and root"),
    pytest.mark.slow(60)]

PEOPLE = 40
GOOD = "mx.example.org; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; dmarc=pass header.from=example.org"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates.make(str(tmp_path_factory.mktemp("canary-tls")))


@pytest.fixture(scope="module")
def mail():
    started = Postfix()
    os.chmod(os.path.join(started.folder, "mail"), 0o755)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def dovecot(mail, tls):
    started = Dovecot(tls[1], tls[2], os.path.join(mail.folder, "mail"), "postfix")
    yield started
    started.stop()


numbers = iter(range(1000))


class Office:
    """A site with people and seeds; each seed's mail lies in the folder that was chosen for it."""

    def __init__(self, site, mail, dovecot, ca_file):
        self.site, self.mail, self.dovecot, self.ca_file = site, mail, dovecot, ca_file
        self.run_number = next(numbers)
        self.boxes, self.access, self.seeds = [], [], []
        self.site.write("seed.password", "secret\n")
        self.people = [f"r{self.run_number}p{i}@example.org" for i in range(PEOPLE)]
        self.boxes += [f"{address} people/\n" for address in self.people]
        site.add_active(self.people)

    def seed(self, folder="", authenticated=GOOD, **settings):
        """Adds a mailbox; folder None: its mail is lost."""
        name = f"r{self.run_number}seed{len(self.seeds)}"
        self.boxes.append(f"{name}@example.org {name if folder is not None else 'lost'}/{folder or ''}{'/' if folder else ''}\n")
        if authenticated:
            self.access.append(f"/^{name}@/ PREPEND Authentication-Results: {authenticated}\n")
        self.seeds.append({"address": f"{name}@example.org", "host": "127.0.0.1", "port": self.dovecot.ports["imaps"],
                           "username": name, "password_file": "seed.password", "ca_file": self.ca_file, **settings})
        return name

    def ready(self, **canary):
        self.mail.write("boxes", "".join(self.boxes))
        self.mail.write("access", "".join(self.access) + "/^x@/ 550\n")
        self.mail.run("reload")
        time.sleep(0.3)
        self.site.configure(port=self.mail.port, seeds=self.seeds, canary={"wait": "20s", **canary})

    def send(self, *options, expect=0):
        path = self.site.issue()
        return self.site.run("send", "--yes", "--canary", "10%", *options, path, expect=expect)

    def canary(self):
        issues = json.loads(self.site.run("status", "--json").out)["issues"]
        return issues[0]["canary"]

    def received(self):
        """How often each of the people has it, by what Postfix has delivered."""
        found = {}
        for message in self.mail.messages("people"):
            address = message.split(b"X-Original-To: ")[1].split(b"\r\n")[0].decode()
            if address in self.people:
                found[address] = found.get(address, 0) + 1
        return found

    def copies(self, name, folder=""):
        box = os.path.join(self.mail.folder, "mail", name, folder)
        return sum(len(os.listdir(os.path.join(box, part))) for part in ("new", "cur") if os.path.isdir(os.path.join(box, part)))


@pytest.fixture
def office(site, mail, dovecot, tls):
    return Office(site, mail, dovecot, tls[0])


def test_found_in_the_inbox_it_goes_on_by_itself(office):
    name = office.seed()
    office.ready()
    out = office.send().out
    assert "Canary:     first to 10% of the people and 1 seed; the others wait for it" in out
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert office.site.states() == {"sent": PEOPLE} and office.copies(name) == 1
    canary = office.canary()
    assert canary["state"] == "passed" and canary["first"] == "10%"
    assert canary["sample"] == {"people": 4, "sent": 4, "deferred": 0, "refused": 0, "unknown": 0}
    seed, = canary["seeds"]
    assert (seed["place"], seed["spf"], seed["dkim"], seed["dkim_domain"], seed["dmarc"], seed["authserv_id"]) == (
        "inbox", "pass", "pass", "example.org", "pass", "mx.example.org")
    assert "canary: passed (first to 10%)" in office.site.run("status").out
    assert office.site.sql("SELECT count(*) FROM event WHERE kind = 'canary-passed'") == [(1,)]
    # The seeds are no subscribers, and nothing of them is a delivery.
    assert office.site.sql("SELECT count(*) FROM subscriber WHERE address LIKE '%seed%'") == [(0,)]
    assert office.site.sql("SELECT count(*) FROM delivery") == [(PEOPLE,)]


def test_found_in_junk_it_pauses_and_resume_goes_on(office):
    office.seed()
    junk = office.seed(folder=".Junk")
    office.ready()
    failed = office.send(expect=69)
    assert f"{junk}@example.org: the copy is in the junk folder (Junk)" in failed.err
    assert "newsletter resume" in failed.err
    assert office.site.sql("SELECT state FROM issue") == [("paused",)]
    assert office.site.states() == {"sent": 4, "deferred": PEOPLE - 4}
    status = office.site.run("status").out
    assert "the copy is in the junk folder" in " ".join(status.split()) and "canary: paused" in status
    assert office.site.run("retry", expect=None).returncode in (0, 69) and len(office.received()) == 4
    sample = set(office.received())
    assert office.site.sql("SELECT detail LIKE '%junk%' FROM event WHERE kind = 'canary-paused'")[0][0] in (1, True)
    office.site.run("resume", "1")
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1} and sample <= set(office.received())
    assert office.canary()["state"] == "overruled" and office.copies(junk, ".Junk") == 1
    assert office.site.sql("SELECT state FROM issue") == [("sent",)]


def test_missing_mail_pauses_after_the_wait(office):
    lost = office.seed(folder=None)
    office.ready(wait="3s")
    failed = office.send("--json", expect=69)
    assert f"{lost}@example.org: the copy did not arrive within 3 s" in failed.err
    assert json.loads(failed.out)["result"] == "paused"
    assert office.site.states() == {"sent": 4, "deferred": PEOPLE - 4}


def test_as_many_as_allowed_may_be_missing_or_in_junk(office):
    office.seed(folder=None)
    office.seed(folder=".Junk")
    office.ready(wait="2s", junk=1, missing=1)
    office.send()
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert [seed["place"] for seed in office.canary()["seeds"]] == ["missing", "junk"]


@pytest.mark.parametrize("said, expected", [
    ("mx.example.org; dkim=fail header.d=example.org; spf=pass", "DKIM does not pass there (mx.example.org says dkim=fail)"),
    ("mx.example.org; dkim=pass; dmarc=fail (p=none)", "DMARC does not pass there (mx.example.org says dmarc=fail)"),
    ("mx.example.org; spf=softfail", "SPF does not pass there (mx.example.org says spf=softfail)")], ids=["dkim", "dmarc", "spf"])
def test_failed_authentication_pauses(office, said, expected):
    office.seed(authenticated=said)
    office.ready()
    assert expected in office.send(expect=69).err
    office.site.configure(canary={"wait": "20s", "authentication": False})


def test_refusals_of_the_sample_pause(office):
    office.seed()
    office.ready()
    office.access.insert(0, f"/^r{office.run_number}p[0-9]*[02468]@/ 550 5.1.1 No such user\n")
    office.ready()
    failed = office.site.run("send", "--yes", "--canary", "50%", office.site.issue(), expect=69)
    refused = office.site.states()["bounced"]
    assert f"{refused} of the 20 people of the sample were refused, more than 5%" in failed.err
    assert office.site.states() == {"sent": 20 - refused, "bounced": refused, "deferred": PEOPLE - 20}


def test_deferrals_of_the_sample_pause_when_they_last(office):
    office.seed()
    office.access.append(f"/^r{office.run_number}p[0-9]*[02468]@/ 450 4.2.1 Later\n")
    office.ready(wait="3s", deferred=10)
    failed = office.site.run("send", "--yes", "--canary", "50%", office.site.issue(), expect=69)
    assert "of the 20 people of the sample were deferred, more than 10%" in failed.err


def test_a_server_that_puts_everybody_off_pauses_it_when_that_lasts(office):
    office.access.append(f"/^r{office.run_number}p/ 450 4.7.1 Later\n")
    office.ready(wait="2s")
    assert office.send(expect=None).returncode in (69, 75)
    wait_for(lambda: office.site.run("retry", expect=None) and office.site.sql("SELECT state FROM issue") == [("paused",)], 60)
    assert "4 of the 4 people of the sample were deferred" in office.site.sql("SELECT pause_note FROM issue")[0][0]


def test_a_number_of_people_and_no_seeds(office):
    office.ready()
    out = office.site.run("send", "--yes", "--canary", "7", office.site.issue(), "--json").out
    assert json.loads(out)["result"] == "sent" and json.loads(out)["plan"]["canary"] == "7"
    assert office.canary()["sample"]["people"] == 7 and office.canary()["seeds"] == []
    assert office.site.states() == {"sent": PEOPLE}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text", ["0", "0%", "101%", "-3", "x", "1.5", "%", "1%%"])
def test_what_is_no_share_is_refused(office, text):
    office.ready()
    refused = office.site.run("send", "--yes", f"--canary={text}", office.site.issue(), expect=64)
    assert "neither a share such as 1% nor a number of people" in refused.err
    assert office.site.sql("SELECT count(*) FROM issue") == [(0,)]


def test_a_planned_issue_has_its_canary(office):
    name = office.seed(folder=".Junk")
    office.ready()
    office.send("--at", "2099-01-01 10:00")
    assert office.canary()["state"] == "waiting" and office.copies(name, ".Junk") == 0
    office.site.sql("UPDATE issue SET scheduled_at = 1")
    office.site.run("retry", expect=None)
    wait_for(lambda: office.site.run("retry", expect=None) and office.site.sql("SELECT state FROM issue") == [("paused",)], 30)
    assert len(office.received()) == 4 and office.copies(name, ".Junk") == 1
    office.site.run("resume", "1")
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1}


def test_a_planned_issue_that_is_withdrawn_leaves_nothing(office):
    office.ready()
    office.send("--at", "2099-01-01 10:00")
    office.site.run("cancel", "1")
    assert office.site.sql("SELECT count(*) FROM canary") == [(0,)]


def test_killed_at_any_step_nobody_gets_it_twice(office):
    """The sample stays the sample, and each seed has one copy."""
    names = [office.seed(), office.seed()]
    office.ready()
    path = office.site.issue()
    sample = None
    for pause in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7):
        run = office.site.popen("send", "--yes", "--canary", "10%", path)
        time.sleep(pause)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
        rows = office.site.sql("SELECT subscription FROM delivery WHERE state <> 'deferred'")
        if office.site.sql("SELECT count(*) FROM canary WHERE state = 'waiting'") == [(1,)] and rows:
            assert sample is None or {row[0] for row in rows} == sample
            sample = {row[0] for row in rows}
            assert len(sample) == 4
    # On a busy machine each run may have been killed before it made the issue.
    wait_for(lambda: office.site.run("send", "--yes", "--canary", "10%", path, expect=None) and
             office.site.sql("SELECT state FROM issue") == [("sent",)], 60)
    time.sleep(0.5)
    assert set(office.received().values()) == {1}
    states = office.site.states()
    assert states["sent"] + states.get("unknown", 0) == PEOPLE and len(office.received()) >= states["sent"]
    assert [office.copies(name) for name in names] == [1, 1]


def test_a_pause_by_hand_does_not_overrule_it(office):
    office.seed(folder=None)
    office.ready(wait="1h")
    run = office.site.popen("send", "--yes", "--canary", "10%", office.site.issue())
    wait_for(lambda: len(office.received()) == 4)
    wait_for(lambda: office.site.sql("SELECT look_at IS NOT NULL FROM canary") in ([(1,)], [(True,)]))
    office.site.run("pause", "1")
    out, err = run.communicate(timeout=60)
    assert run.returncode == 75 and b"paused or cancelled" in err
    office.site.sql("UPDATE canary SET look_at = NULL")
    office.site.configure(canary={"wait": "1s"})
    office.site.sql("UPDATE canary SET look_until = 1")
    assert "did not arrive" in office.site.run("resume", "1", expect=69).err
    assert len(office.received()) == 4


def test_cancelled_while_it_waits(office):
    office.seed(folder=None)
    office.ready(wait="1h")
    run = office.site.popen("send", "--yes", "--canary", "10%", office.site.issue())
    wait_for(lambda: len(office.received()) == 4)
    wait_for(lambda: office.site.sql("SELECT look_at IS NOT NULL FROM canary") in ([(1,)], [(True,)]))
    office.site.run("cancel", "1")
    run.communicate(timeout=60)
    assert office.site.states() == {"sent": 4, "skipped": PEOPLE - 4} and len(office.received()) == 4


class Hostile:
    """An IMAP server that never stops talking."""

    def __init__(self, mode):
        self.mode = mode
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        try:
            self.speak(peer)
        except OSError:
            pass

    def speak(self, peer):
        peer.sendall(b"* OK hello\r\n")
        lines = peer.makefile("rb")
        for line in lines:
            tag, _, command = line.strip().partition(b" ")
            if command.startswith(b"CAPABILITY"):
                peer.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n")
            elif command.startswith(b"LIST") and self.mode == "list":
                while True:
                    peer.sendall(b'* LIST () "/" "folder"\r\n' * 1000)
            elif command.startswith(b"LIST"):
                peer.sendall(b'* LIST () "/" "' + b"x" * 2000 + b'"\r\n* LIST (\\Junk "/\r\n* LIST () NIL J\xff\r\n' + tag + b" OK\r\n")
            elif command.startswith(b"SELECT"):
                peer.sendall(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n" + tag + b" OK\r\n")
            elif command.startswith(b"UID SEARCH") and self.mode == "search":
                while True:
                    peer.sendall(b"* SEARCH" + b" 1" * 20000 + b"\r\n")
            elif command.startswith(b"UID SEARCH"):
                peer.sendall(b"* SEARCH 7\r\n" + tag + b" OK\r\n")
            elif command.startswith(b"UID FETCH") and self.mode == "header":
                peer.sendall(b"* 1 FETCH (UID 7 BODY[HEADER] {2000000000}\r\n")
                while True:
                    peer.sendall(b"Authentication-Results: " + b"(" * 60000)
            elif command.startswith(b"UID FETCH"):
                header = b"Authentication-Results: " + b"(" * 5000 + b"\r\n" + b"Authentication-Results: a;" + b"dkim=fail;" * 3000 + b"\r\n\r\n"
                peer.sendall(b"* 1 FETCH (UID 7 BODY[HEADER] {%d}\r\n" % len(header) + header + b")\r\n" + tag + b" OK\r\n")
            else:
                peer.sendall(tag + b" OK\r\n")

    def stop(self):
        self.socket.close()


@pytest.mark.parametrize("mode", ["list", "search", "header"])
def test_a_hostile_mailbox_is_left_after_a_bound(office, mode):
    hostile = Hostile(mode)
    office.seed(host="127.0.0.1", port=hostile.port, security="none")
    office.ready(wait="1s")
    failed = office.send(expect=69)
    hostile.stop()
    assert "its answer does not end" in failed.err or "mailbox could not be read" in failed.err
    assert len(office.received()) == 4


def test_a_hostile_header_is_read_within_its_bounds(office):
    hostile = Hostile("odd")
    office.seed(host="127.0.0.1", port=hostile.port, security="none")
    office.ready()
    assert "DKIM does not pass there (a says dkim=fail)" in office.send(expect=69).err
    hostile.stop()


@pytest.mark.parametrize("settings, expected", [
    ({"username": "x", "password_file": "wrong.password"}, "refused the login"),
    ({"ca_file": None}, "certificate does not verify"),
    ({"password_file": "none"}, "none")], ids=["login", "certificate", "file"])
def test_a_mailbox_that_does_not_open_is_told_by_doctor_and_pauses(office, settings, expected):
    office.site.write("wrong.password", "wrong\n")
    office.seed(**settings)
    office.seeds[0] = {key: value for key, value in office.seeds[0].items() if value is not None}
    office.ready(wait="1s")
    found = json.loads(office.site.run("doctor", "--json", expect=None).out)
    assert any(expected in finding["text"] and "seed" in finding["text"] for finding in found if finding["level"] == "error")
    assert "its mailbox could not be read" in office.send(expect=69).err


def test_doctor_opens_the_mailboxes(office):
    name = office.seed()
    connection = office.dovecot.imap(name)
    connection.create("Junk")
    connection.logout()
    office.ready()
    found = json.loads(office.site.run("doctor", "--json", expect=None).out)
    assert any(f"{name}@example.org" in finding["text"] and finding["level"] == "ok" for finding in found)


def test_the_password_of_a_command_is_read_before_the_process_confines_itself(office):
    command = office.site.write("tell", "#!/bin/sh\necho secret\n")
    os.chmod(command, 0o755)
    name = office.seed()
    del office.seeds[0]["password_file"]
    office.seeds[0]["password_command"] = [command]
    office.ready()
    office.send()
    assert office.canary()["state"] == "passed" and office.copies(name) == 1
