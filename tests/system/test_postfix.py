"""The same against Postfix: what it takes, what it sends back, and who takes that in."""
import os
import shutil
import subprocess

import pytest
from conftest import BINARY, Site, parse, plain, token, wait_for
from postfix import Postfix, available

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="needs Postfix, and root to start it"),
    pytest.mark.one_engine("the engine makes no difference")]


@pytest.fixture
def postfix():
    started = Postfix()
    yield started
    started.stop()


def test_the_whole_way_through_postfix(site, postfix):
    site.configure(port=postfix.port)
    for name in ("ann", "busy", "nobody"):
        site.run("subscribe", f"{name}@example.org", "--name", name.title())
    wait_for(lambda: postfix.messages("ann"))
    site.run("confirm", token(parse(postfix.messages("ann")[0]), "confirm"))
    assert dict(site.sql("SELECT state, count(*) FROM delivery GROUP BY state")) == {
        "sent": 1, "deferred": 1, "bounced": 1}
    site.add_active([f"user{i}@example.org" for i in range(40)])
    site.sql("UPDATE subscription SET state = 'active'")
    site.run("send", "--yes", site.issue(body="Dear {{name|reader}},\n\n.\n\nӘлем\n"))
    assert site.states() == {"sent": 41, "deferred": 1, "bounced": 1}
    postfix.write("access", "/^x@/ 550\n")
    postfix.run("reload")
    site.sql("UPDATE delivery SET next_attempt_at = 1")
    site.run("retry")
    assert site.states() == {"sent": 42, "bounced": 1}
    wait_for(lambda: all(postfix.messages(f"user{i}") for i in range(40)))
    wait_for(lambda: len(postfix.messages("busy")) == 1)  # active now: no confirmation any more
    message = parse(postfix.messages("busy")[0])
    assert "Dear Busy,\n\n.\n\nӘлем" in plain(message)
    assert message["Return-Path"].startswith("<bounces+")


@pytest.fixture
def returning(postfix):
    """A site that nobody's processes may use, whose bounces Postfix pipes back to it."""
    site = Site(os.path.join(postfix.folder, "site"))
    site.install()
    site.configure(port=postfix.port, bounce_address="bounces@lists.example.org")
    shutil.copy(BINARY, os.path.join(postfix.folder, "newsletter"))
    postfix.pipe("bounces", f"{postfix.folder}/newsletter --config "
                            f"{site.folder}/newsletter.yaml bounce")
    return site


def give_to_nobody(site):
    subprocess.run(["chown", "-R", "nobody:nogroup", site.folder], check=True)


def test_bounces_come_back_through_the_alias(returning, postfix, server):
    site = returning
    server.handler.replies = {"gone@example.org": "550 5.1.1 <gone@example.org>: unknown user",
                              "full@example.org": "552 5.2.2 The mailbox is over its quota",
                              "slow@example.org": "451 4.3.0 Come again"}
    postfix.write("transport", "".join(f"{name}@example.org smtp:[127.0.0.1]:{server.port}\n"
                                       for name in ("gone", "full", "slow")))
    people = ["ann", "gone", "full", "slow"]
    site.add_active([f"{name}@example.org" for name in people])
    site.run("send", "--yes", site.issue())
    assert site.states() == {"sent": 4}
    give_to_nobody(site)
    wait_for(lambda: len(site.sql("SELECT 1 FROM returned")) == 3, seconds=60)
    assert sorted(site.sql("SELECT r.address, s.state, s.bounce_score FROM subscription s "
                           "JOIN subscriber r ON r.id = s.subscriber")) == [
        ("ann@example.org", "active", 0), ("full@example.org", "active", 1),
        ("gone@example.org", "bounced", 5), ("slow@example.org", "active", 0)]
    assert sorted(site.sql("SELECT kind, reason, status FROM bounce WHERE delivery NOT NULL")) == [
        ("delayed", "system", "4.3.0"), ("hard", "no-such-user", "5.1.1"),
        ("soft", "mailbox-full", "5.2.2")]


def test_postfix_keeps_a_bounce_that_we_cannot_take(returning, postfix, server):
    site = returning
    server.handler.replies = {"gone@example.org": "550 5.1.1 <gone@example.org>: unknown user"}
    postfix.write("transport", f"gone@example.org smtp:[127.0.0.1]:{server.port}\n")
    site.add_active(["gone@example.org"])
    site.run("send", "--yes", site.issue())
    os.rename(site.database, site.database + ".away")
    give_to_nobody(site)
    wait_for(lambda: "Command died with status 75" in postfix.log() or
             "temporary failure" in postfix.log(), seconds=60)
    os.rename(site.database + ".away", site.database)
    postfix.run("flush")
    wait_for(lambda: site.sql("SELECT state FROM subscription") == [("bounced",)], seconds=60)
