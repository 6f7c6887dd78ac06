"""The canary on an issue's page, over the API and by serve's own wake-up; and with the other ways of sending. Postfix and Dovecot as in
test_canary.py."""
import json
import re
import time

import pytest
from apiclient import ApiClient
from browser import needs_browser
from conftest import wait_for
from test_canary import PEOPLE, Office, dovecot, mail, pytestmark, tls  # noqa: F401
from test_look import look
from test_staff import staff  # noqa: F401


@pytest.fixture
def office(connected, mail, dovecot, tls):  # noqa: F811
    return Office(connected, mail, dovecot, tls[0])


def waiting(office):
    """Whether the sample is out, and the others wait."""
    return office.site.sql("SELECT 1 FROM canary WHERE state = 'waiting' AND look_until IS NOT NULL")


@pytest.fixture
def out(office, staff):  # noqa: F811
    """An issue whose canary waits for a copy that never arrives; a process waits for it."""
    def begin(folder=None, **canary):
        name = office.seed(folder=folder)
        office.ready(**{"wait": "1h", **canary})
        run = office.site.popen("send", "--yes", "--canary", "10%", office.site.issue())
        wait_for(lambda: waiting(office) or run.poll() is not None)
        server = staff()
        assert server.login().status == 303
        return server, run, name
    return begin


def text(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# ---- the page ----

def test_the_page_shows_what_waits_and_lets_it_go_on(out, office):
    server, run, name = out()
    wait_for(lambda: "the copy was sent, and is not there yet" in server.page("/issue/1").text)
    page = server.page("/issue/1").text
    shown = text(page)
    assert "These have it. The others wait for what is found there." in shown
    assert re.search(r"Until: \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown), shown
    assert f"{name}@example.org" in shown and "10%" in shown and "the copy is not there yet" in shown
    assert re.search(r"People 4 Sent 4", shown), shown
    assert page.count('value="overrule"') == 1 and page.count('value="pause"') == 1
    assert server.press("/issue/1", action="overrule").status == 303
    code = run.wait(timeout=60)  # the process that waits goes on by itself
    assert code == 0, run.communicate()
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1} and office.canary()["state"] == "overruled"
    assert "Somebody has decided that it goes on to the others." in text(server.page("/issue/1").text)
    assert office.site.sql("SELECT detail FROM event WHERE kind = 'canary-passed'") == [("overruled by hand",)]
    assert office.site.sql("SELECT count(*) FROM audit WHERE action = 'issue overrule' AND actor = 'ann'") == [(1,)]
    assert server.press("/issue/1", action="overrule").status == 409


def test_the_page_stops_it(out, office):
    server, run, _ = out()
    assert server.press("/issue/1", action="pause").status == 303
    assert run.wait(timeout=60) == 75
    page = server.page("/issue/1").text
    assert 'value="overrule"' in page and 'value="resume"' in page and 'value="cancel"' in page
    assert server.press("/issue/1", action="cancel", sure="yes").status == 303
    assert "It was cancelled: nobody else gets it." in text(server.page("/issue/1").text)
    assert office.site.states() == {"sent": 4, "skipped": PEOPLE - 4}


def test_what_was_found_is_worded_in_the_language_of_the_page(out, office):
    """The API and the command line stay English."""
    server, run, name = out(folder=".Junk")
    assert run.wait(timeout=60) == 69
    english = f"{name}@example.org: the copy is in the junk folder (Junk)"
    assert office.canary()["findings"] == [english]
    shown = text(server.page("/issue/1").text)
    assert english in shown and "canary:" not in shown and "in the junk folder ( Junk )" in shown
    german = text(server.get("/issue/1?language=de", Cookie=server.cookie).text)
    assert f"{name}@example.org: die Kopie liegt im Spam-Ordner (Junk)" in german and "the copy" not in german
    page = server.page("/issue/1").text
    assert 'value="overrule"' in page and 'value="resume"' not in page and 'lang="en">' + english not in page


def test_findings_of_an_earlier_version(out, office):
    """They are English texts alone, and say so."""
    server, run, _ = out(folder=".Junk")
    run.wait(timeout=60)
    (kept,), = office.site.sql("SELECT facts FROM canary")
    facts = json.loads(kept)
    del facts["said"]
    facts["findings"] = ["x@example.org: an old text <b>"]
    office.site.sql("UPDATE canary SET facts = ?", json.dumps(facts))
    page = server.get("/issue/1?language=de", Cookie=server.cookie).text
    assert '<bdi lang="en">x@example.org: an old text &lt;b&gt;</bdi>' in page


def test_why_a_mailbox_does_not_open_is_worded_too(office, staff):  # noqa: F811
    office.site.write("wrong.password", "wrong\n")
    name = office.seed(password_file="wrong.password")
    office.ready(wait="1s")
    assert f"{name}@example.org: its mailbox could not be read: 127.0.0.1 refused the login of {name}" in office.send(expect=69).err
    server = staff()
    server.login()
    shown = text(server.get("/issue/1?language=de", Cookie=server.cookie).text)
    assert f"{name}@example.org: das Postfach ließ sich nicht lesen: 127.0.0.1 hat die Anmeldung von {name} abgelehnt" in shown
    assert "problem_said" not in office.site.run("status", "--json").out


def test_who_may_only_look_has_no_buttons(out, office):
    server, run, _ = out()
    office.site.sql("UPDATE staff SET role = 'viewer'")
    page = server.page("/issue/1").text
    assert "The others wait" in page and 'value="overrule"' not in page and 'value="pause"' not in page
    assert server.press("/issue/1", action="overrule").status == 403
    office.site.run("cancel", "1")
    run.communicate(timeout=60)


def test_over_the_api_and_by_command(out, office):
    server, run, _ = out()
    token = office.site.run("staff", "token", "robot", "--scope", "send,read").out.strip()
    client = ApiClient(server, token)
    before = client.call("GET", "/issues/1")
    assert before["canary"]["state"] == "waiting" and before["canary"]["look_until"].endswith("Z")
    assert client.call("POST", "/issues/1/overrule")["canary"]["state"] == "overruled"
    run.communicate(timeout=60)
    wait_for(lambda: len(office.received()) == PEOPLE)
    client.call("POST", "/issues/1/overrule", expect=409)
    assert "does not wait for a canary" in office.site.run("resume", "1", "--overrule", expect=None).err or \
        office.site.sql("SELECT state FROM issue") == [("sent",)]


@pytest.mark.parametrize("runs", [True, False], ids=["another process waits", "nobody waits"])
def test_resume_overrule(out, office, runs):
    _, run, _ = out()
    if not runs:
        run.terminate()
        run.communicate(timeout=60)
    office.site.run("resume", "1", "--overrule", "--json")
    if runs:
        assert run.wait(timeout=60) == 0
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1} and office.canary()["state"] == "overruled"


@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", ["en", "de", "ar", "kk"])
def test_how_it_looks(out, office, tmp_path, language):
    """axe-clean and within the page at each width, in light and dark."""
    server, run, _ = out(folder=".Junk")
    run.wait(timeout=60)
    look(tmp_path, {f"canary-{language}": f"{server.url}/issue/1?language={language}"}, widths=(375, 1280), mail=False, cookie=server.cookie)


# ---- serve carries it on ----

def test_serve_wakes_up_by_itself_and_goes_on(office, staff):  # noqa: F811
    """Nothing but serve runs: it sends the sample, looks into the mailbox until the copy is there, and sends it to the others."""
    name = office.seed(folder=None)
    office.ready(wait="1h")
    office.send("--at", "2099-01-01 10:00")
    office.site.sql("UPDATE issue SET scheduled_at = 1")
    server = staff()
    assert server.login().status == 303
    wait_for(lambda: office.site.sql("SELECT look_at FROM canary WHERE look_at IS NOT NULL"), 30)
    assert len(office.received()) == 4 and office.canary()["state"] == "waiting"
    assert "These have it. The others wait" in text(server.page("/issue/1").text)
    looks = {office.site.sql("SELECT look_at FROM canary")[0][0]}
    wait_for(lambda: looks.add(office.site.sql("SELECT look_at FROM canary")[0][0]) or len(looks) >= 3, 30)  # it looked again, twice
    assert len(office.received()) == 4
    deliver(office, name)
    wait_for(lambda: len(office.received()) == PEOPLE, 90)
    assert set(office.received().values()) == {1} and office.canary()["state"] == "passed"
    assert office.canary()["seeds"][0]["place"] == "inbox"
    wait_for(lambda: office.site.sql("SELECT state FROM issue") == [("sent",)])


def deliver(office, name):
    """The copy that was lost comes after all."""
    import os
    import shutil
    lost = os.path.join(office.mail.folder, "mail", "lost", "new")
    box = os.path.join(office.mail.folder, "mail", name)
    marker = office.site.sql("SELECT token FROM canary")[0][0].encode()
    for part in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(box, part), exist_ok=True)
    for file in os.listdir(lost):
        with open(os.path.join(lost, file), "rb") as copy:
            found = marker in copy.read()
        if found:
            shutil.copy(os.path.join(lost, file), os.path.join(box, "new", file))
    for folder, _, files in os.walk(box):
        shutil.chown(folder, "postfix")
        for file in files:
            shutil.chown(os.path.join(folder, file), "postfix")


def test_serve_pauses_when_the_copy_does_not_come(office, staff):  # noqa: F811
    office.seed(folder=None)
    office.ready(wait="4s")
    office.send("--at", "2099-01-01 10:00")
    office.site.sql("UPDATE issue SET scheduled_at = 1")
    staff()
    wait_for(lambda: office.site.sql("SELECT state FROM issue") == [("paused",)], 60)
    assert len(office.received()) == 4 and office.canary()["state"] == "paused"


# ---- with two subjects ----

def subjects(office):
    found = {}
    for message in office.mail.messages("people"):
        address = message.split(b"X-Original-To: ")[1].split(b"\r\n")[0].decode()
        if address in office.people:
            found.setdefault(address, []).append(message.split(b"\nSubject: ")[1].split(b"\n")[0].strip().decode())
    return found


def test_two_subjects_are_tried_once_the_canary_is_over(office):
    office.seed()
    office.ready()
    path = office.site.issue(alternative_subject="Another subject")
    out = office.site.run("send", "--yes", "--canary", "10%", "--sample", "50", "--decide-after", "1h", path, expect=None)
    assert out.returncode in (0, 75), out.err
    wait_for(lambda: len(office.received()) == 20)
    assert office.canary()["state"] == "passed" and office.canary()["sample"]["people"] == 4
    tried = subjects(office)
    assert len(tried) == 20 and sum(one == ["Another subject"] for one in tried.values()) == 10
    assert office.site.states() == {"sent": 20, "deferred": PEOPLE - 20}
    office.site.run("decide", "no-1", "--choose", "2", expect=None)
    office.site.run("retry", expect=None)
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1}
    assert sum(one == ["Another subject"] for one in subjects(office).values()) == 30


def test_two_subjects_wait_for_the_canary(office):
    """Nothing is tried or decided while it waits, even if its hour has come; the wait counts from its end."""
    office.seed(folder=".Junk")
    office.ready()
    path = office.site.issue(alternative_subject="Another subject")
    office.site.run("send", "--yes", "--canary", "10%", "--sample", "50", "--decide-after", "1h", path, expect=69)
    assert len(office.received()) == 4 and office.site.states() == {"sent": 4, "deferred": PEOPLE - 4}
    assert office.site.sql("SELECT count(*) FROM delivery WHERE variant IS NOT NULL") == [(20,)]
    office.site.sql("UPDATE subject_test SET decide_at = 1")
    office.site.run("retry", expect=None)
    assert office.site.sql("SELECT winner FROM subject_test") == [(None,)] and len(office.received()) == 4
    office.site.run("resume", "1", expect=None)
    wait_for(lambda: len(office.received()) == 20)
    time.sleep(0.3)
    assert len(office.received()) == 20
    (decide_at,), = office.site.sql("SELECT decide_at FROM subject_test")
    assert decide_at > time.time() + 3000


# ---- by each reader's own clock ----

def test_local_time_the_canary_first_and_the_rest_at_its_hour(office):
    office.seed()
    office.ready()
    for place, zone in enumerate(("Pacific/Auckland", "America/Los_Angeles")):
        office.site.sql("UPDATE subscriber SET attributes = ? WHERE id % 2 = ?", json.dumps({"timezone": zone}), place)
    path = office.site.issue()
    hour = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 2 * 86400))
    office.site.run("send", "--yes", "--canary", "10%", "--at", hour, "--local-time", path)
    (first,), = office.site.sql("SELECT scheduled_at FROM issue")
    assert office.received() == {}
    office.site.sql("UPDATE issue SET scheduled_at = 1")
    wait_for(lambda: office.site.run("retry", expect=None) and office.canary()["state"] == "passed", 60)
    assert len(office.received()) == 4 and office.site.states() == {"sent": 4, "deferred": PEOPLE - 4}
    times = office.site.sql("SELECT d.next_attempt_at, count(*) FROM delivery d WHERE d.state = 'deferred' GROUP BY 1 ORDER BY 1")
    assert len(times) == 2 and sum(count for _, count in times) == PEOPLE - 4
    assert 18 * 3600 <= times[1][0] - times[0][0] <= 22 * 3600 and times[0][0] >= first  # Auckland, and Los Angeles a day later
    office.site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE next_attempt_at = ?", times[0][0])
    office.site.run("retry", expect=None)
    wait_for(lambda: len(office.received()) == 4 + times[0][1])
    assert set(office.received().values()) == {1}


def test_local_time_nobody_gets_it_while_the_canary_holds(office):
    office.seed(folder=".Junk")
    office.ready()
    path = office.site.issue()
    hour = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 86400))
    office.site.run("send", "--yes", "--canary", "10%", "--at", hour, "--local-time", path)
    office.site.sql("UPDATE issue SET scheduled_at = 1")
    wait_for(lambda: office.site.run("retry", expect=None) and office.site.sql("SELECT state FROM issue") == [("paused",)], 60)
    assert office.site.sql("SELECT count(*) FROM delivery WHERE state = 'deferred' AND next_attempt_at IS NULL") == [(PEOPLE - 4,)]
    office.site.run("resume", "1", expect=None)
    assert office.site.sql("SELECT count(*) FROM delivery WHERE state = 'deferred' AND next_attempt_at > ?", int(time.time())) == [(PEOPLE - 4,)]
    assert len(office.received()) == 4


# ---- the rest of an audience ----

def test_the_rest_has_a_canary_of_its_own(office):
    name = office.seed()
    office.ready()
    path = office.site.issue()
    half = office.people[:20]
    office.site.run("send", "--yes", "--where", " or ".join(f'email = "{address}"' for address in half), path)
    wait_for(lambda: len(office.received()) == 20)
    out = office.site.run("send", "--yes", "--rest", "--canary", "10%", path).out
    assert "Canary:     first to 10% of the people and 1 seed" in out
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1} and office.copies(name) == 1
    assert office.canary()["state"] == "passed" and office.canary()["sample"]["people"] == 2  # of the twenty others


def test_the_rest_waits_for_its_canary_and_has_another_one_later(office):
    office.seed(folder=".Junk")
    office.ready()
    path = office.site.issue()
    office.site.run("send", "--yes", "--canary", "5", "--where", " or ".join(f'email = "{a}"' for a in office.people[:20]), path, expect=69)
    office.site.run("resume", "1")
    wait_for(lambda: len(office.received()) == 20)
    office.site.run("send", "--yes", "--rest", "--canary", "3", path, expect=69)
    assert len(office.received()) == 23 and office.canary()["sample"]["people"] == 3 and office.canary()["first"] == "3"
    office.site.run("resume", "1")
    wait_for(lambda: len(office.received()) == PEOPLE)
    assert set(office.received().values()) == {1}


def test_the_rest_in_the_browser_and_over_the_api(office, staff):  # noqa: F811
    office.seed(folder=".Junk")
    office.ready()
    path = office.site.issue()
    office.site.run("send", "--yes", "--where", " or ".join(f'email = "{a}"' for a in office.people[:20]), path)
    server = staff()
    server.login()
    assert 'name="canary"' in server.page("/issue/1/rest").text
    assert server.press("/issue/1/rest", action="rest", sure="yes", canary="much").status == 422
    assert server.press("/issue/1/rest", action="rest", sure="yes", canary="10%").status == 303
    wait_for(lambda: office.site.sql("SELECT state FROM issue") == [("paused",)], 30)
    assert len(office.received()) == 22
    token = office.site.run("staff", "token", "robot", "--scope", "send,read").out.strip()
    client = ApiClient(server, token)
    client.call("POST", "/issues/1/overrule")
    wait_for(lambda: len(office.received()) == PEOPLE)
    office.site.add_active([f"late{office.run_number}@example.org"])
    client.call("POST", "/issues/1/rest", {"canary": "none"}, 422)


def test_where_a_canary_of_the_rest_makes_no_sense(out, office):
    """Two samples would be told apart no more, and a subject that is not chosen yet cannot be sent to it."""
    _, run, _ = out()
    office.site.add_active([f"late{office.run_number}@example.org"])
    run.terminate()
    run.communicate(timeout=60)
    assert "waits for its first canary" in office.site.run("send", "--yes", "--rest", "--canary", "1", office.site.issue(), expect=None).err


def test_where_subjects_are_still_tried(office):
    office.ready()
    path = office.site.issue(alternative_subject="Another subject")
    office.site.run("send", "--yes", "--sample", "10", "--decide-after", "1h", path, expect=None)
    office.site.add_active([f"late{office.run_number}@example.org"])
    assert "choose one first" in office.site.run("send", "--yes", "--rest", "--canary", "1", path, expect=None).err
