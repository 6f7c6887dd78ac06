"""--json: every command of the program's own table answers with JSON alone, with the names that docs/reference.md lists."""
import json
import os
import re
import shlex
import subprocess

import pytest
from conftest import BINARY, TOP, parse, token

# The commands that take no --json, with the reason.
NO_JSON = {"help": "a text for people", "completion": "a script for a shell", "serve": "runs until it is stopped"}


def program_table():
    """"send", "list add", ...: each command, or each of its actions, as completion knows them."""
    script = subprocess.run([BINARY, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    table = re.findall(r"^    ([a-z-]+)\) words='([^']*)'", script, re.M)
    assert len(table) > 35
    return [" ".join((name, word)).strip() for name, words in table for word in (words.split() if name not in NO_JSON and words else [""])]


def documented():
    """The names of each row of the reference's table."""
    text = open(os.path.join(TOP, "docs/reference.md"), encoding="utf-8").read()
    rows = re.findall(r"^\| ([^|`]+) \| (array|lines)? ?\| ([^|]+) \|$", text, re.M)
    return {command.strip(): (form or "object", set(re.findall(r"[a-z_]+", names)), names) for commands, form, names in rows
            for command in commands.split(",") if command.strip() != "command"}


def answers(form, out):
    """The objects that a command printed, in the form that is documented for it."""
    if form == "lines":
        return [json.loads(line) for line in out.splitlines()]
    answer = json.loads(out)
    assert isinstance(answer, list if form == "array" else dict), out
    return answer if form == "array" else [answer]


def prepared(site, server):
    """All that the commands below need. Returns values for their words."""
    site.configure(port=server.port, hooks={"mailgun": {"provider": "mailgun", "secret_file": "secret"}},
                   webhooks={"allow_networks": "127.0.0.0/8"}, approval={"needed": 1, "own": True})
    site.write("secret", "s3cr3t\n")
    site.write("unknown.txt", "Nobody of ours has written this.\n")
    site.add_active(["ann@example.org", "bob@example.org"])
    site.issue(name="first.md")
    site.issue(name="second.md", number="No 2")
    site.issue(name="third.md", number="No 3")
    site.issue(name="both.md", number="No 4", subject="One", alternative_subject="Other")
    site.write("people.csv", "email\ncarl@example.org\n")
    site.write("dead.txt", "dora@example.org\n")
    os.mkdir(os.path.join(site.folder, "items"))
    site.write("items/a.md", "---\ntitle: An item\ndate: 2026-08-25\n---\nText.\n")
    site.sql("INSERT INTO draft (list, title, created_at, created_by, updated_at, updated_by) SELECT id, 'Draft', 1, 'ann', 1, 'ann' FROM list")
    site.sql("INSERT INTO draft_version (draft, language, source, began_at, at, author) SELECT id, 'en', ?, 1, 1, 'ann' FROM draft",
             "---\ntitle: Draft\ndate: 2026-08-25\n---\nText.\n")
    site.run("send", "--yes", "first.md")
    site.run("send", "--yes", "both.md", "--sample", "100")
    site.configure(signing={"key_file": "signing.key"})


STEPS = """
init | init
list add | list add second --from x@example.org
list edit | list edit second --title Second
list rename | list rename second third --yes
list remove | list remove third --yes
list show | list show
dkim keygen | dkim keygen --selector s1 --domain example.org --output key --type ed25519
key make | key make --name news.example.org
key rotate | key rotate
key show | key show
verify | verify unknown.txt | 67
consent show | consent show ann@example.org
consent verify | consent verify receipt.json
doctor | doctor --local | 65
hooks | hooks
webhook add | webhook add crm http://127.0.0.1:9/
webhook on | webhook on crm
webhook off | webhook off crm
webhook list | webhook list
webhook log | webhook log crm
webhook test | webhook test crm | 69
webhook remove | webhook remove crm
staff add | staff add ann --role administrator
staff add | staff add ben
staff password | staff password ben
staff role | staff role ben viewer
staff reset | staff reset ben
staff token | staff token program
staff list | staff list
staff log | staff log
staff revoke | staff revoke program
staff remove | staff remove ben
version | version
version | version --check-database
preview | preview first.md
check | check first.md
digest | digest items --title Week
boilerplate save | boilerplate save Contact first.md
boilerplate list | boilerplate list
boilerplate show | boilerplate show Contact
boilerplate remove | boilerplate remove Contact
draft list | draft list
draft show | draft show 1
draft text | draft text 1
draft ask | draft ask 1
draft comment | draft comment 1 --digest DIGEST --words Well
draft return | draft return 1 --digest DIGEST --words Shorter
draft ask | draft ask 1
draft approve | draft approve 1 --digest DIGEST
message send | message send ann@example.org --template plain --set subject=Ticket --set text=Yours --queue
message list | message list
message show | message show MESSAGE
send --dry-run | send --dry-run second.md
send --test | send --test ann@example.org second.md
send --at | send --yes --at 2099-01-01T00:00Z third.md
reschedule | reschedule no-3 2099-02-01T00:00Z
cancel | cancel no-3
send | send --yes second.md
pause | pause no-2
resume | resume no-2
resend | resend no-2 --state bounced --yes
retry | retry
trace | trace ann@example.org
status | status
status ISSUE | status no-1
decide | decide no-4
report | report
report | report no-1 --output report.json
report --providers | report --providers
archive build | archive build www
archive withdraw | archive withdraw no-1
archive publish | archive publish no-1
subscriber list | subscriber list
subscriber show | subscriber show ann@example.org
subscriber edit | subscriber edit ann@example.org --name Ann
subscribe | subscribe eve@example.org
subscribe | subscribe
confirm | confirm TOKEN
unsubscribe TOKEN | unsubscribe TOKEN
unsubscribe --address | unsubscribe --address ann@example.org
import | import people.csv --consent fair
export | export
export --output | export --output members.csv
segment add | segment add press 'email ~ "bob"'
segment list | segment list
segment show | segment show press
segment remove | segment remove press
reconfirm | reconfirm --dry-run
suppress add | suppress add fred@example.org
suppress import | suppress import dead.txt
suppress list | suppress list
suppress export | suppress export
suppress remove | suppress remove fred@example.org
bounce | bounce
bounce --kept | bounce --kept
bounce --show | bounce --show 1
bounce --dismiss | bounce --dismiss 1
replies | replies
backup | backup copy.db
prune | prune --dry-run
audit | audit | 65
restore --drill | restore copy.db --drill
erase | erase carl@example.org --yes
restore | restore copy.db --yes
migrate-store | migrate-store moved.db
"""
SQLITE_ONLY = {"backup", "restore", "restore --drill", "migrate-store"}
INPUT = {"staff add": b"a long password\n", "staff password": b"another long password\n", "bounce": b"From: x@example.org\n\nhello\xff\n",
         "replies": b"Subject: x\n\nhello\n", "subscribe": b"email=gus%40example.org&list=bulletin"}


def steps():
    for line in STEPS.strip().splitlines():
        name, words, *status = (part.strip() for part in line.split("|"))
        yield name, shlex.split(words), int(status[0]) if status else 0


def test_the_steps_are_all_commands():
    typed = [" ".join(words) + " " for _, words, _ in steps()]
    assert sorted(name for name in program_table() if not any(line.startswith(name + " ") for line in typed)) == sorted(NO_JSON)
    assert {name for name, _, _ in steps()} | {"send --worker"} == set(documented())


@pytest.mark.slow(8)
def test_every_command_answers_with_json(site, server):
    prepared(site, server)
    for name, words, status in steps():
        if name in SQLITE_ONLY and "postgresql" in site.database:
            continue
        if name == "consent verify":
            site.write("receipt.json", site.run("consent", "show", "ann@example.org", "--json").out)
        if name == "pause":
            site.sql("UPDATE issue SET state = 'sending' WHERE slug = 'no-2'")
        if name == "resend":
            site.sql("UPDATE delivery SET state = 'bounced' WHERE issue = (SELECT id FROM issue WHERE slug = 'no-2')")
        words = [token_of(site, server, name) if word == "TOKEN" else word for word in words]
        words = [json.loads(site.run("draft", "show", "1", "--json").out)["digest"] if word == "DIGEST" else word for word in words]
        words = [str(json.loads(site.run("message", "list", "--json").out)[0]["id"]) if word == "MESSAGE" else word for word in words]
        run = site.run(*words, "--json", stdin=INPUT.get(name, b""), expect=None)
        assert run.returncode == status, (words, run.out, run.err)
        if name == "webhook test":  # nobody answers there
            error = json.loads(run.out)["error"]
            assert error["status"] == status and error["text"] in run.err, run.out
            continue
        form, known, text = documented()[name]
        for answer in answers(form, run.out):
            if re.match(r"as |\S+, .*the outcomes", text):  # described elsewhere
                continue
            varies = re.search(r" and | with |once|known|as of", text)
            assert set(answer) <= known if varies else set(answer) == known, (name, set(answer) ^ known)
        if form != "lines" and name not in ("doctor", "check", "webhook log"):
            assert answers(form, run.out), name
        assert b"Sanitizer" not in run.stderr


def token_of(site, server, name):
    if name == "confirm":
        return token(parse(server.messages("eve@example.org")[-1]), "confirm")
    return site.sql("SELECT token FROM subscription ORDER BY id")[1][0]


@pytest.mark.slow(1)
def test_errors_are_json(site):
    """The last line of standard output is the error, with the exit status. --json may stand anywhere."""
    site.write("bad.md", b"---\ntitle: \xff\xfe\n---\n")
    for words, status, kind in ((("sned",), 64, "usage"), (("send", "--bogus"), 64, "usage"), (("list", "shwo"), 64, "usage"),
                                (("status", "none"), 67, "not_found"), (("check", "missing.md"), 66, "no_input"),
                                (("check", "bad.md"), 65, "data"), (("confirm", "no-token"), 65, "data"),
                                (("unsubscribe", "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55"), 67, "not_found"),
                                (("subscribe", "ann@\x1b[2J.org"), 65, "data"), (("staff", "role", "x", "king"), 64, "usage"),
                                (("--config", "none.yaml", "list", "show"), 78, "configuration"), (("send", "--yes", "missing.md"), 66, "no_input"),
                                (("migrate-store", "postgresql://a:b@c/d"), 64, "usage"), (("export", "--subject", "x@example.org"), 67, "not_found")):
        for line in (("--json", *words), (*words, "--json")):
            run = site.run(*line, expect=status)
            error = json.loads(run.out)["error"]
            assert (error["status"], error["kind"]) == (status, kind) and list(error) == ["kind", "status", "text"], run.out
            assert error["text"] in run.err and "\x1b" not in run.out


def test_an_answer_stays_alone_where_the_command_fails_after_it(site):
    site.add_active(["ann@example.org"])
    site.issue(body="[here](http://127.0.0.1/x y)\n", title="")
    run = site.run("check", "--strict", "--json", site.issue(body="![](missing.png)\n"), expect=None)
    assert run.returncode == 65 and isinstance(json.loads(run.out), (list, dict))
    people = site.write("people.csv", "email\nnot an address\n")
    assert json.loads(site.run("import", people, "--json", expect=65).out)["rejected"] == 1
    site.configure(port=9)
    assert json.loads(site.run("send", "--yes", site.issue(body="Hello.\n"), "--json", expect=None).out)["deferred"] >= 0


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("words", [("help",), ("completion", "bash"), ("serve",)])
def test_commands_without_json_say_so(site, words):
    run = site.run(*words, "--json", expect=64)
    assert json.loads(run.out)["error"]["kind"] == "usage" and NO_JSON[words[0]].split()[0] in run.err


@pytest.mark.one_engine("the engine makes no difference")
def test_help_and_completion_know_it():
    for name in {words.split()[0] for words in program_table()}:
        text = subprocess.run([BINARY, "help", name], capture_output=True, text=True, check=True).stdout
        assert ("--json" in text) == (name not in NO_JSON), name


def test_the_public_learns_nothing_from_json(connected, server):
    connected.add_active(["ann@example.org"])
    connected.run("suppress", "add", "dora@example.org")
    told = {connected.run("subscribe", "--json", stdin=b"email=" + name + b"%40example.org&list=bulletin").out.replace(name.decode(), "NAME")
            for name in (b"ann", b"dora", b"eve")}
    assert len(told) == 1 and "mail" not in json.loads(told.pop())
    assert json.loads(connected.run("subscribe", "dora@example.org", "--json").out)["mail"] == "suppressed"


def test_nothing_is_asked(site):
    site.add_active(["ann@example.org"])
    run = site.run("send", site.issue(), "--json", expect=64)
    assert "--yes" in json.loads(run.out)["error"]["text"] and site.sql("SELECT count(*) FROM issue") == [(0,)]
    assert json.loads(site.run("send", "--json", "--dry-run", "issue.md").out)["plan"]["recipients"] == 1


def test_words_that_json_cannot_hold(site):
    """They are refused before anything is done, in JSON, and named by their place."""
    site.add_active(["ann@example.org"])
    for words in (["export", "--output", b"caf\xe9.csv", "--json"], ["--json", "list", "add", b"\xff"]):
        got = subprocess.run([BINARY, *words], cwd=site.folder, capture_output=True, check=False)
        error = json.loads(got.stdout)["error"]
        place = [isinstance(word, bytes) for word in words].index(True) + 1
        assert got.returncode == error["status"] == 64 and f"word {place} of the command line" in error["text"]
    assert not [name for name in os.listdir(os.fsencode(site.folder)) if name.endswith(b"\xe9.csv")]
