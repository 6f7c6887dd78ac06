"""There is no memory, at one allocation after the other: the program ends as after a kill, with a line and a status of its own. No message
goes out that lacks a part, and nothing is half-written."""
import copy
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from conftest import PLAIN_BINARY, html, parse, plain
from test_reader_killed import preloaded

pytestmark = [pytest.mark.one_engine("installations are copied as files"), pytest.mark.slow(10)]

# The allocation with the number REFUSED gets nothing, of those that the program itself asks for; libraries get what they want. At the end,
# their number stands in the file COUNTED.
REFUSING = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static unsigned long from, to;
static long asked, refused;

static int find_program(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            to = from + info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the program is the first */
}

static void count(void) {
    FILE *out = fopen(getenv("COUNTED"), "w");
    fprintf(out, "%ld\n", asked);
    fclose(out);
}

__attribute__((constructor)) static void begin(void) {
    refused = atol(getenv("REFUSED"));
    dl_iterate_phdr(find_program, NULL);
    atexit(count);
}

static int refuses(void *caller) {
    if ((unsigned long)caller < from || (unsigned long)caller >= to || __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED) != refused)
        return 0;
    errno = ENOMEM;
    return 1;
}
#define REFUSES refuses(__builtin_return_address(0))

void *malloc(size_t size) { return REFUSES ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return REFUSES ? NULL : __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return REFUSES ? NULL : __libc_realloc(memory, size); }
void *reallocarray(void *memory, size_t count, size_t size) { return REFUSES ? NULL : __libc_realloc(memory, count * size); }
char *strndup(const char *text, size_t most) {
    size_t len = strnlen(text, most);
    char *made = REFUSES ? NULL : __libc_calloc(1, len + 1);
    return made == NULL ? NULL : memcpy(made, text, len);
}
char *strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *made = REFUSES ? NULL : __libc_malloc(size);
    return made == NULL ? NULL : memcpy(made, text, size);
}
int __vasprintf_chk(char **out, int flag, const char *format, va_list args) {
    (void)flag;
    return REFUSES ? -1 : vasprintf(out, format, args);
}
"""
POINTS = 40
BODY = ("Hello {{name|reader}}, *this* is [a link](https://www.example.org/a).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "## More\n\n" + "Words that go on. " * 60 + "\n")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """The environment in which a process has no memory at one point."""
    return preloaded(tmp_path_factory.mktemp("refusing"), REFUSING)


class Trials:
    """The same command in copies of an installation, each with another point at which there is no memory."""

    def __init__(self, site, refusing):
        self.site, self.refusing = site, refusing

    def run(self, number, at, args, stdin=b""):
        here = copy.copy(self.site)
        here.folder = f"{self.site.folder}-{number}"
        shutil.copytree(self.site.folder, here.folder)
        here.settings = {**self.site.settings, "database": f"{here.folder}/newsletter.db"}
        here.configure()
        here.counted = f"{here.folder}/counted"
        here.ended = subprocess.run([PLAIN_BINARY, *args], cwd=here.folder, input=stdin, capture_output=True, timeout=60, check=False,
                                    env={**os.environ, **self.refusing, "REFUSED": str(at), "COUNTED": here.counted})
        return here

    def each(self, args, stdin=b""):
        """At points that are spread over a run from its beginning to its end."""
        whole = self.run("whole", 0, args, stdin)
        assert whole.ended.returncode == 0, whole.ended.stderr
        with open(whole.counted, encoding="ascii") as text:
            total = int(text.read())
        assert total > POINTS
        for number in range(POINTS):
            here = self.run(number, 1 + number * (total - 1) // (POINTS - 1), args, stdin)
            if number < POINTS * 3 // 4 or here.ended.returncode != 0:  # the last ones may not come: runs differ a little
                assert (here.ended.returncode, here.ended.stderr) == (71, b"newsletter: out of memory\n"), number
            yield here
            shutil.rmtree(here.folder)


def rows(here, statement):
    connection = sqlite3.connect(f"{here.folder}/newsletter.db", timeout=30)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def content(raw):
    """All that a reader sees, without tokens."""
    message = parse(raw)
    return re.sub(r"[\w-]{20,}", "TOKEN", f"{message['Subject']}\n{message['From']}\n{plain(message)}\n{html(message)}")


def test_an_issue_is_whole_or_not_sent(connected, server, refusing):
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.issue(BODY)
    whole = None
    before = 0
    for here in Trials(connected, refusing).each(["send", "--yes", "issue.md"]):
        if whole is None:
            whole = {address: content(server.messages(address)[0]) for address in ("ann@example.org", "bob@example.org")}
            before = server.count()
        here.run("send", "--yes", "issue.md", expect=None)
        states = dict(rows(here, "SELECT r.address, d.state FROM delivery d JOIN subscription s ON s.id = d.subscription "
                                 "JOIN subscriber r ON r.id = s.subscriber"))
        assert set(states) == set(whole) and set(states.values()) <= {"sent", "unknown"}, states
        new = server.count() - before
        assert list(states.values()).count("sent") <= new <= 2
        before += new
    for address, text in whole.items():
        assert {content(raw) for raw in server.messages(address)} == {text}


def test_an_import_is_whole_or_none(connected, refusing):
    connected.write("people.csv", "email,name,city\n" + "".join(f"p{number}@example.org,Ann,Aalen\n" for number in range(50)))
    for here in Trials(connected, refusing).each(["import", "people.csv", "--consent", "on paper"]):
        assert rows(here, "SELECT count(*) FROM subscription WHERE state = 'active'")[0][0] in (0, 50)
        here.run("import", "people.csv", "--consent", "on paper")
        assert rows(here, "SELECT count(*), count(DISTINCT subscriber) FROM subscription WHERE state = 'active'") == [(50, 50)]


def test_a_form_is_taken_or_not(connected, server, refusing):
    form = b"email=ann%40example.org&name=Ann"
    for here in Trials(connected, refusing).each(["subscribe", "--html", "--source", "website", "--ip", "192.0.2.1"], form):
        people = rows(here, "SELECT s.state, (SELECT count(*) FROM delivery) FROM subscription s")
        assert people in ([], [("pending", 1)])
    assert {content(raw) for raw in server.messages("ann@example.org")} == {content(server.messages("ann@example.org")[0])}
