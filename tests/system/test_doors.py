"""One layer under three doors: a table of everything that can be done, made to hold each command, each operation of the API and each
page; where a door is missing, it says why. A new command, operation or page fails here until it has a row."""
import json
import os
import re

import pytest

from conftest import TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

# what | commands | operations of the API | pages of the dashboard. "-": there is none, and MISSING says why.
TABLE = """
lists are read                   | list, list show                   | lists, list, growth             | /lists, /list
a list is added                  | list add                          | addList                         | /lists
a list is changed                | list edit                         | changeList                      | /lists
a list gets another name         | list rename                       | renameList                      | /lists
a list is removed                | list remove                       | removeList                      | /lists
people are found                 | subscriber, subscriber list                   | subscribers                     | /people
a person is read                 | subscriber show                   | subscriber, history             | /people
a person is added                | subscribe                         | addSubscriber, addSubscribers   | /people
a person is corrected            | subscriber edit                   | changeSubscriber                | /people
a person confirms                | confirm                           | -                               | -
a person is unsubscribed         | unsubscribe                       | unsubscribe                     | /people
a person is erased               | erase                             | eraseSubscriber                 | /people
an address is never mailed       | suppress add                      | addSuppression, suppressSubscriber | /suppressions
it may be mailed again           | suppress remove                   | removeSuppression               | /suppressions
suppressions are read            | suppress, suppress list, suppress export | suppressions                    | /suppressions
suppressions come from a file    | suppress import                   | addSuppression                  | /imports
people are imported              | import                            | imports, openImport, import, setImportOptions, putImportFile, importColumns, startImport, cancelImport, importRejected | /imports
an import is taken back          | import                            | undoImport                      | /imports
people come from another program | import                            | -                               | -
people are exported              | export                            | exports, startExport, export, removeExport, exportFile | /exports
people are asked again           | reconfirm                         | reconfirm                       | /lists
segments are read                | segment, segment list, segment show | segments, segment, segmentPeople | /segments
a segment is saved               | segment add                       | saveSegment                     | /segments
a segment is removed             | segment remove                    | removeSegment                   | /segments
mail that came back is read      | bounce                            | bounces, bounce                 | /bounces
mail that came back is settled   | bounce                            | dismissBounce                   | /bounces
replies are read                 | replies                           | -                               | -
drafts are read                  | draft, draft list, draft show, draft text | drafts, draft, draftText | /drafts, /draft
a draft is begun                 | -                                 | beginDraft                      | /drafts
a draft is written               | -                                 | saveDraftText, removeDraftText, addDraftFile, removeDraftFile | /draft, /library
a draft is removed               | -                                 | removeDraft                     | /draft
a draft is checked               | check                             | checkDraft                      | /draft
a draft is looked at             | preview                           | previewDraft                    | /draft
a copy is sent to try it         | send                              | testDraft                       | /draft
sending is planned               | send                              | planDraft                       | /draft, /calendar
an issue is sent                 | send, digest                      | sendDraft                       | /draft
approval is asked for            | draft ask                         | approval, askApproval           | /draft
approval is answered             | draft approve, draft return, draft comment | approveDraft, returnDraft, commentDraft | /draft
snippets and templates           | boilerplate, boilerplate list, boilerplate save, boilerplate show, boilerplate remove | boilerplates, addBoilerplate, boilerplate, saveBoilerplate, removeBoilerplate | /boilerplates
issues are read                  | status                            | issues, issue                   | /, /issue
a planned issue moves            | reschedule                        | reschedule                      | /calendar
an issue is paused               | pause                             | pause                           | /issue
it goes on                       | resume                            | resume                          | /issue
its canary is overruled          | resume                            | overrule                        | /issue
it is cancelled                  | cancel                            | cancel                          | /issue
what failed is sent again        | resend                            | resend                          | /issue
others get it, too               | send                              | rest, sendRest                  | /issue
a subject is decided             | decide                            | subjects, decideSubject         | /issue
direct delivery by provider      | report                            | providers                       | /delivery
attempts to deliver are read     | trace                             | history                         | /people
a report is read                 | report                            | domains, reasons, timeline, deliveries | /issue, /reputation
the archive has an issue         | archive publish, archive withdraw | publish, withdraw               | /issue
the archive becomes files        | archive, archive build            | -                               | -
a message goes to one address    | message, message send             | sendMessage                     | /messages
messages are read                | message show, message list        | messages, message               | /messages
what happened is followed        | status                            | events, notices                 | /
webhooks are read                | webhook, webhook list, webhook log | webhooks, webhookLog           | /webhooks
webhooks are changed             | webhook add, webhook remove, webhook on, webhook off, webhook test | addWebhook, switchWebhook, removeWebhook, testWebhook | /webhooks
accounts                         | staff, staff list, staff add, staff password, staff remove, staff role, staff reset | - | /accounts, /account
tokens                           | staff token, staff revoke         | -                               | /tokens
the audit log                    | staff log                         | -                               | /audit, /audit.csv
the ledger is checked            | audit                             | -                               | -
consent is shown and proved      | consent, consent show, consent verify | receipts                    | -
a bulletin is ours, or not       | verify                            | -                               | -
the key of the office            | key, key make, key show, key rotate | -                             | -
the installation                 | init, dkim, dkim keygen, doctor, hooks, serve, retry, backup, restore, prune, migrate_store, completion, help, version | - | -
"""

# Why a door is missing: the row and the column.
MISSING = {
    ("a person confirms", "operations"): "only the link in the mail proves it; the command is for forms of one's own",
    ("a person confirms", "pages"): "only the link in the mail proves it",
    ("people come from another program", "operations"): "the login of the other program would be stored for a job; a command keeps it in a file of its own",
    ("people come from another program", "pages"): "as for the API; an export of the other program can be uploaded instead",
    ("replies are read", "operations"): "a mailbox is read by one command that cron calls; what it finds is in the figures of reports",
    ("replies are read", "pages"): "as for the API",
    ("a draft is begun", "commands"): "at the command line, an issue is a file",
    ("a draft is written", "commands"): "at the command line, an issue is a file",
    ("a draft is removed", "commands"): "at the command line, an issue is a file",
    ("the archive becomes files", "operations"): "it writes to a folder of the machine",
    ("the archive becomes files", "pages"): "it writes to a folder of the machine",
    ("accounts", "operations"): "a token that makes accounts would be worth more than any account",
    ("tokens", "operations"): "a token that makes tokens would never end",
    ("the audit log", "operations"): "it has what all others did: for administrators",
    ("the ledger is checked", "operations"): "it reads the whole database, for those who have a shell there",
    ("the ledger is checked", "pages"): "as for the API",
    ("consent is shown and proved", "pages"): "by command and API, and for the person on their own page",
    ("a bulletin is ours, or not", "operations"): "anybody may ask: the public page /genuine",
    ("a bulletin is ours, or not", "pages"): "anybody may ask: the public page /genuine",
    ("the key of the office", "operations"): "a secret file of the machine",
    ("the key of the office", "pages"): "a secret file of the machine",
    ("the installation", "operations"): "about the machine and its files, for those who have a shell there",
    ("the installation", "pages"): "about the machine and its files, for those who have a shell there",
}

DOORS = ("commands", "operations", "pages")


def rows():
    for line in TABLE.strip().splitlines():
        what, *cells = [cell.strip() for cell in line.split("|")]
        yield what, {door: [word.strip() for word in cell.split(",") if word.strip() != "-"] for door, cell in zip(DOORS, cells, strict=True)}


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as source:
        return source.read()


def commands():
    for name in re.findall(r"^COMMAND\((\w+),", read("src", "cli", "commands.def"), re.M):
        yield name
        actions = re.search(r"cli_action \w+\[\] = \{(.*?)\{0\}", read("src", "cli", f"cmd_{name}.c"), re.S)
        for action in re.findall(r'\{"([\w-]+)",', actions.group(1)) if actions else ():
            yield f"{name} {action}"


def operations():
    for path in json.loads(read("templates", "openapi.json"))["paths"].values():
        for operation in path.values():
            yield operation["operationId"]


def pages():
    table = re.search(r"static const struct route \{.*?\n\};", read("src", "web", "staff_pages.c"), re.S).group(0)
    yield from re.findall(r'\{"(/[^"]*)", (?:true|false), ', table)
    yield from re.findall(r'\{"(/[^"]*)", \w+\},', read("src", "web", "staff_areas.c"))
    yield from ("/draft", "/list")


@pytest.mark.parametrize("door, there", [("commands", commands), ("operations", operations), ("pages", pages)], ids=DOORS)
def test_everything_has_a_row(door, there):
    listed = {word for _, cells in rows() for word in cells[door]}
    known = set(there())
    assert len(known) > 20
    assert listed - known == set(), "rows name what there is not"
    assert known - listed == set(), "these need a row"


def test_a_missing_door_has_a_reason():
    gaps = {(what, door) for what, cells in rows() for door in DOORS if not cells[door]}
    assert gaps == set(MISSING)
    assert all(len(reason) > 10 for reason in MISSING.values())
