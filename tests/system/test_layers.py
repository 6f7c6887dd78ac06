"""Which room may know which: every include of src/ and include/ is held against this table."""
import collections
import glob
import os
import re
import subprocess

import pytest

from conftest import BINARY, TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

# From the ground up. A room may include public headers (include/newsletter/ROOM/) of the rooms of
# lower levels, and of no other; it may use the libraries named here, besides the C library.
ROOMS = {
    "base": (1, "argon2.h cbor.h idn2.h liboath qrencode.h jansson.h libical openssl p11-kit systemd unicase.h unictype.h unigbrk.h uninorm.h unistr.h uniwidth.h uuid yaml.h"),
    "config": (2, ""),
    "http": (2, "curl"),
    "resolve": (2, "unbound.h"),
    "db": (3, "libpq-fe.h sqlite3.h"),
    "dkim": (3, "openssl"),
    "smime": (3, "openssl"),
    "smtp": (3, "curl openssl"),
    "openid": (3, "curl jansson.h openssl"),
    "store": (4, "jansson.h uninorm.h unistr.h uuid"),
    "template": (5, "jansson.h unictype.h unilbrk.h unistr.h uniwidth.h"),
    "inbound": (5, "archive.h archive_entry.h curl jansson.h libetpan libxml openssl unicase.h uniconv.h uninorm.h "
                   "unistr.h"),
    "proof": (5, "openssl"),
    "transfer": (5, "archive.h archive_entry.h csv.h gif_lib.h gsf jansson.h jpeglib.h libxml png.h rnp unicase.h zbar.h zlib.h "
                    "uniconv.h unictype.h uninorm.h unistr.h"),
    "bulletin": (6, "jansson.h libetpan libical libxml md4c-html.h md4c.h openssl unicase.h unicode unictype.h uninorm.h unistr.h"),
    "report": (6, "jansson.h"),
    "delivery": (7, "curl jansson.h zlib.h"),
    "archive": (7, "jansson.h libxml openssl pango unictype.h uninorm.h unistr.h"),
    "service": (9, "curl jansson.h openssl"),
    "doctor": (8, "ares.h libxml openssl spf2"),
    "web": (10, "jansson.h microhttpd.h openssl zlib.h"),
    "cli": (11, "jansson.h openssl unistr.h"),
}

# A library that one folder within its room hides from the rest of it.
FOLDERS = {"sqlite3.h": "src/db/sqlite/", "libpq-fe.h": "src/db/postgres/"}

# Headers of the C library and the kernel.
SYSTEM = set("""
arpa ctype.h dirent.h dlfcn.h endian.h errno.h fcntl.h fnmatch.h ftw.h getopt.h glob.h grp.h iconv.h ifaddrs.h inttypes.h libgen.h limits.h linux math.h netdb.h netinet
poll.h pthread.h pwd.h search.h setjmp.h signal.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h
sys sysexits.h termios.h time.h unistd.h
""".split())

OURS = sorted(os.path.relpath(path, TOP) for folder in ("src", "include") for path in
              glob.glob(os.path.join(TOP, folder, "**", "*.[ch]"), recursive=True))


def includes(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return re.findall(r'^#include ([<"])([^>"]+)[>"]', source.read(), re.M)


def room_of(path):
    """The room of a file of ours."""
    return path.split("/")[1] if path.startswith("src/") else path.split("/")[2]


def complaint(path, quote, file):
    """The fault of one include line, or None."""
    room = room_of(path)
    level, libraries = ROOMS[room]
    if quote == "<":
        first = file.split("/")[0]
        if first in SYSTEM:
            return None
        if first not in libraries.split() and file not in libraries.split():
            return f"{room} does not know this library"
        folder = FOLDERS.get(file)
        return f"only {folder} knows this library" if folder and not path.startswith(folder) else None
    if file in ("on_demand.def", "names.def"):  # made while building, by tools/on-demand.py and tools/cldr-names.c
        return None
    public = re.fullmatch(r"newsletter/(\w+)/\w+\.h", file)
    if not public:
        other = file.split("/")[0]
        return None if other == room else f"a private header of {other}"
    other = public.group(1)
    if other == room or ROOMS[other][0] < level:
        return None
    return f"{other} does not lie below {room}"


def test_every_file_stands_in_a_room():
    for path in OURS:
        assert room_of(path) in ROOMS, path
        assert path.startswith("src/") or re.fullmatch(r"include/newsletter/\w+/\w+\.h", path), path


@pytest.mark.parametrize("room", ROOMS)
def test_includes_go_down(room):
    found = [f"{path}: {file}: {problem}" for path in OURS if room_of(path) == room
             for quote, file in includes(path) for problem in [complaint(path, quote, file)] if problem]
    assert not found, "\n".join(found)


# Everything that an office does is a function of the room `service`, so that whatever can be done by one door can be done by
# the others. These files know the store for what concerns one door alone: logging in (accounts, tokens, sessions, second steps,
# passkeys), calls of the API that are repeated, and the cache of the website.
OF_THE_STORE = {
    "src/cli/cmd_staff.c": "api_token second_step staff_session",
    "src/web/api_repeats.h": "api_repeat",
    "src/web/page_state.c": "revision",
    "src/web/staff_account_page.c": "second_step staff_mail",
    "src/web/staff_accounts_page.c": "second_step",
    "src/web/staff_common.h": "api_token staff_session",
    "src/web/staff_openid.c": "vouched_login",
    "src/web/staff_passkeys.c": "staff_passkey",
}


def test_doors_go_through_the_service():
    found = {}
    for path in OURS:
        if room_of(path) in ("cli", "web"):
            headers = [file.split("/")[2][:-2] for quote, file in includes(path) if file.startswith("newsletter/store/")]
            if headers:
                found[path] = " ".join(sorted(headers))
    assert found == OF_THE_STORE


def test_the_service_neither_prints_nor_knows_http():
    for path in OURS:
        if room_of(path) == "service":
            with open(os.path.join(TOP, path), encoding="utf-8") as source:
                assert not re.search(r"\b(f?printf|puts|putchar|stdout|stderr)\b|nl_request|nl_response", source.read()), path


def test_the_table_names_nothing_that_is_not_used():
    for room, (_, libraries) in ROOMS.items():
        used = {name for path in OURS if room_of(path) == room for quote, file in includes(path)
                if quote == "<" for name in (file, file.split("/")[0])}
        assert set(libraries.split()) <= used, (room, set(libraries.split()) - used)


def test_the_check_sees_what_is_wrong():
    for path, quote, file in (("src/base/buf.c", '"', "newsletter/delivery/send.h"),
                              ("src/report/facts.c", '"', "newsletter/bulletin/bulletin.h"),
                              ("src/web/api.c", '"', "store/event.h"),
                              ("src/store/list.c", "<", "sqlite3.h"),
                              ("src/db/sql.c", "<", "sqlite3.h"),
                              ("include/newsletter/base/buf.h", '"', "newsletter/config/config.h")):
        assert complaint(path, quote, file), (path, file)


def test_the_room_above_the_engines_knows_them_by_their_table_alone():
    for path in OURS:
        if not path.startswith(("src/db/sqlite/", "src/db/postgres/")):
            assert not [file for _, file in includes(path) if file.startswith(("db/sqlite", "db/postgres"))], path


def test_headers_name_no_engine():
    """Only db, which says what a database may be called, knows that there are two kinds."""
    for path in OURS:
        if path.startswith("include/") and room_of(path) != "db":
            with open(os.path.join(TOP, path), encoding="utf-8") as source:
                assert not re.search(r"sqlite|postgres|libpq|\bSQL\b", source.read(), re.I), path


def test_only_the_store_speaks_sql():
    for path in OURS:
        if room_of(path) not in ("db", "store"):
            assert not [file for _, file in includes(path) if file in (
                "newsletter/db/sql.h", "newsletter/db/engine.h")], path


def test_file_names_are_unique():
    """A debugger, a profile and grep name a file by its last part."""
    seen = {}
    for path in OURS:
        if path.endswith(".c"):
            other = seen.setdefault(os.path.basename(path), path)
            assert other == path, (other, path)


def test_files_have_one_purpose():
    """A file of more than 400 lines mostly has two."""
    long = {}
    for path in OURS:
        with open(os.path.join(TOP, path), encoding="utf-8") as source:
            long[path] = sum(1 for _ in source)
    assert not {path: lines for path, lines in long.items() if lines > 400}


# Rooms whose files may still call each other both ways.
TANGLED = {"db", "inbound"}


def calls_between_files():
    """{file: files whose functions or data it uses}, read from the library's object files."""
    library = os.path.join(os.path.dirname(BINARY), "libnewsletter.a")
    if not os.path.exists(library):
        pytest.skip("the binary under test has no library next to it")
    defined, used = {}, collections.defaultdict(set)
    listing = subprocess.run(["nm", "-A", library], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        file = os.path.basename(line.split(":")[1])
        kind, name = line.split()[-2:]
        if kind in "TDRB":
            defined[name] = file
        elif kind == "U":
            used[file].add(name)
    return {file: {defined[name] for name in names if name in defined} - {file} for file, names in used.items()}


def reachable(calls, start):
    seen, todo = set(), [start]
    while todo:
        for other in calls.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


@pytest.mark.slow(1)
def test_files_of_a_room_call_each_other_in_one_direction():
    calls = calls_between_files()
    circles = {file for file in calls if file in reachable(calls, file)}
    assert not {file for file in circles if file.split("_")[0] not in TANGLED}


def defined_in():
    """The files that define each function of the program."""
    files = collections.defaultdict(set)
    for path in OURS:
        if path.endswith(".c"):
            with open(os.path.join(TOP, path), encoding="utf-8") as source:
                text = re.sub(r"/\*.*?\*/", "", source.read(), flags=re.S)
            for name in re.findall(r"^(?!static\b)[a-z][\w *]*?\b(\w+)\([^;{]*\) \{", text, re.M):
                files[name].add(os.path.basename(path))
    return files


def test_headers_name_the_file_of_each_function():
    """A comment that begins with "NAME.c" says where the functions below it are."""
    files, wrong, checked = defined_in(), [], 0
    for path in OURS:
        if not path.endswith(".h"):
            continue
        with open(os.path.join(TOP, path), encoding="utf-8") as source:
            parts = re.split(r"(/\*.*?\*/)", source.read(), flags=re.S)
        for comment, below in zip(parts[1::2], parts[2::2]):
            named = set(re.findall(r"\b[a-z]\w*\.c\b", comment))
            if re.match(r"/\* [a-z]\w*\.c\b", comment):
                functions = [name for name in re.findall(r"\b(\w+)\(", below.split("\n\n")[0]) if name in files]
                checked += len(functions)
                wrong += [(os.path.basename(path), name) for name in functions if not files[name] & named]
    assert not wrong and checked > 300, (wrong, checked)


def test_unit_tests_of_one_program_define_nothing_for_others():
    """A function that is not static would take the place of the library's in all of them."""
    with open(os.path.join(TOP, "tests", "meson.build"), encoding="utf-8") as build:
        apart = set(re.findall(r"'(\w+/test_\w+)'", "".join(re.findall(r"^(?:made_\w+|apart) = [^]]*\]", build.read(), re.M))))
    assert len(apart) > 2
    for path in glob.glob(os.path.join(TOP, "tests", "unit", "*", "test_*.c")):
        with open(path, encoding="utf-8") as source:
            own = re.findall(r"^(?!static\b)[a-z][\w ]*[ *](\w+)\([^;]*?\) \{$", source.read(), re.M)
        name = os.path.relpath(path, os.path.join(TOP, "tests", "unit"))[:-2]
        assert own == ["main"] or name in apart, (name, own)
