"""Who knows whom, by the files they include."""
import glob
import os
import re

from conftest import TOP

OURS = [path for folder in ("src", "include") for path in
        glob.glob(os.path.join(TOP, folder, "**", "*.[ch]"), recursive=True)]


def includes(path):
    with open(path, encoding="utf-8") as source:
        return re.findall(r'^#include [<"]([^>"]+)[>"]', source.read(), re.M)


def name(path):
    return os.path.relpath(path, TOP)


def test_only_its_folder_knows_an_engine():
    for header, folder in (("sqlite3.h", "src/store/sqlite/"), ("libpq-fe.h", "src/store/postgres/")):
        users = {name(path) for path in OURS if header in includes(path)}
        assert users and all(user.startswith(folder) for user in users), (header, users)


def test_the_store_itself_knows_engines_by_their_table_alone():
    for path in OURS:
        if not name(path).startswith(("src/store/sqlite/", "src/store/postgres/")):
            assert not [file for file in includes(path) if file.startswith(("store/sqlite", "store/postgres"))], path


def test_nobody_above_knows_how_it_is_stored():
    for path in OURS:
        if not name(path).startswith("src/store/"):
            assert not [file for file in includes(path) if file.startswith("store/")], path


def test_headers_name_no_engine():
    """Only the one place that says what a database may be called knows that there are two kinds."""
    for path in glob.glob(os.path.join(TOP, "include/newsletter/*.h")):
        with open(path, encoding="utf-8") as source:
            text = source.read()
        assert not re.search(r"sqlite|postgres|libpq|\bSQL\b", text.replace("says nothing of SQL", ""), re.I), path


def test_no_circles():
    """What folders take from each other's own headers, besides include/newsletter, goes one way."""
    below = {}
    for path in OURS:
        if name(path).startswith("src/"):
            own = name(path).split("/")[1]
            below.setdefault(own, set()).update(
                file.split("/")[0] for file in includes(path)
                if "/" in file and os.path.isdir(os.path.join(TOP, "src", file.split("/")[0])))
    while below:
        free = {folder for folder in below if not (below[folder] - {folder}) & set(below)}
        assert free, f"a circle among {below}"
        below = {folder: files for folder, files in below.items() if folder not in free}
