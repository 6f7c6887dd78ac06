"""Bounces fetched from a real IMAP and POP3 server, Dovecot."""
import os
import shutil

import certificates
import pytest
from dovecot import Dovecot
from test_bounce import dsn, sent, state  # noqa: F401

pytestmark = [
    pytest.mark.skipif(not shutil.which("dovecot") or os.getuid() != 0, reason="needs Dovecot and root"),
    pytest.mark.one_engine("the engine makes no difference")]

QUESTION = b"From: bob@example.org\nSubject: A question\n\nHow are you?\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates.make(str(tmp_path_factory.mktemp("fetch-tls")))


@pytest.fixture(scope="module")
def dovecot(tls):
    started = Dovecot(tls[1], tls[2])
    yield started
    started.stop()


users = iter(range(1000))


@pytest.fixture
def box(sent, dovecot, tls):  # noqa: F811
    """A site set up to fetch a mailbox of its own, and how to reach that."""
    site, paths = sent
    user = f"user{next(users)}"
    site.write("fetch.password", "secret\n")

    def configure(**fetch):
        protocol = fetch.get("protocol", "imap")
        service = protocol + ("s" if fetch.get("security", "tls") == "tls" else "")
        site.configure(fetch={"host": "127.0.0.1", "port": dovecot.ports[service],
                              "username": user, "password_file": "fetch.password",
                              "ca_file": tls[0], **fetch})

    configure()
    return site, paths, user, configure


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_imap_moves_what_it_has_read(box, dovecot, security):
    site, paths, user, configure = box
    configure(security=security)
    dovecot.put(dsn(to=paths["ann@example.org"][0]), QUESTION, user=user)
    out = site.run("bounce", "--fetch").out
    assert out == "2 messages, 1 hard, 1 unknown; 1 subscription ended\n"
    assert state(site, "ann@example.org") == "bounced"
    assert [dovecot.count(folder, user) for folder in ("INBOX", "Processed", "Unknown")] == [0, 1, 1]
    assert site.run("bounce", "--fetch").out.startswith("0 messages")


def test_imap_with_folders_of_other_names(box, dovecot):
    site, paths, user, configure = box
    connection = dovecot.imap(user)
    connection.create('"Returned mail"')
    connection.append('"Returned mail"', None, None, dsn(to=paths["ann@example.org"][0]))
    connection.logout()
    configure(folder="Returned mail", processed="Done/Read", unknown="Done/Odd")
    assert site.run("bounce", "--fetch").out.startswith("1 message, 1 hard")
    assert dovecot.count('"Returned mail"', user) == 0 and dovecot.count("Done/Read", user) == 1


@pytest.mark.slow(1)
def test_interrupted_fetch_counts_nothing_twice(box, dovecot):
    """A message that was recorded before a crash is in the mailbox still: it is moved, and that is all."""
    site, paths, user, _ = box
    message = dsn(to=paths["ann@example.org"][0])
    dovecot.put(message, user=user)
    site.run("bounce", "--fetch")
    site.sql("UPDATE subscription SET state = 'active'")
    dovecot.put(message, user=user)
    assert "1 of them seen before; 0 subscriptions" in site.run("bounce", "--fetch").out
    assert state(site, "ann@example.org") == "active"
    assert dovecot.count("INBOX", user) == 0


@pytest.mark.slow(1)
def test_many_messages(box, dovecot):
    site, _, user, _ = box
    dovecot.put(*[dsn(f"user{i}@example.net") for i in range(60)], user=user)
    assert site.run("bounce", "--fetch").out.startswith("60 messages, 60 hard; 0 sub")
    assert dovecot.count("Processed", user) == 60


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_pop3_keeps_what_it_takes(box, dovecot, security):
    site, paths, user, configure = box
    configure(protocol="pop3", security=security)
    dovecot.put(dsn(to=paths["ann@example.org"][0]), QUESTION, user=user)
    out = site.run("bounce", "--fetch").out
    assert out == "2 messages, 1 hard, 1 unknown; 1 subscription ended\n"
    assert state(site, "ann@example.org") == "bounced"
    assert dovecot.count("INBOX", user) == 0
    number = site.run("bounce", "--kept").out.split("\t")[0]
    assert site.run("bounce", "--show", number).stdout == QUESTION.replace(b"\n", b"\r\n")
    assert site.run("bounce", "--fetch").out.startswith("0 messages")


def test_nothing_is_lost_when_the_database_cannot_be_written(box, dovecot):
    site, paths, user, configure = box
    configure(protocol="pop3")
    dovecot.put(dsn(to=paths["ann@example.org"][0]), user=user)
    site.sql("CREATE TRIGGER full BEFORE INSERT ON bounce BEGIN SELECT raise(ABORT, 'full'); END")
    site.run("bounce", "--fetch", expect=70)
    assert dovecot.count("INBOX", user) == 1
    assert site.sql("SELECT count(*) FROM returned") == [(0,)]
    site.sql("DROP TRIGGER full")
    site.run("bounce", "--fetch")
    assert state(site, "ann@example.org") == "bounced"


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_faults(box, dovecot, protocol, tmp_path):
    site, _, user, configure = box
    site.write("wrong.password", "wrong\n")
    configure(protocol=protocol, password_file="wrong.password")
    assert "login" in site.run("bounce", "--fetch", expect=77).err
    configure(protocol=protocol, ca_file=None)
    assert "certificate" in site.run("bounce", "--fetch", expect=78).err
    configure(protocol=protocol, port=9)
    site.run("bounce", "--fetch", expect=75)
    configure(protocol=protocol, host="mail host")
    assert "not a host name" in site.run("bounce", "--fetch", expect=78).err


@pytest.mark.slow
def test_a_folder_that_is_not_there(box):
    site, _, _, configure = box
    configure(folder="Nowhere")
    assert "Nowhere" in site.run("bounce", "--fetch", expect=69).err


@pytest.mark.slow(1)
def test_a_password_does_not_go_in_the_clear_over_the_network(box):
    site, _, _, configure = box
    configure(security="none", host="mail.example.net")
    assert "in the clear" in site.run("bounce", "--fetch", expect=78).err
