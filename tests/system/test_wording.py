"""Plain modern English in comments, messages, help and documents: the words and beginnings that made
readers stumble do not come back."""
import glob
import os
import re

import pytest

from conftest import TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

# No sentence of a comment begins with one of these as its subject.
BARE = r"(What|Who|Whoever|Whatever|Those|Of)\b"
WORDS = r"\b(anew|beside|mend(ed|s|ing)?|of old|deeds?|whoever|departures|returned mail)\b"
# "It is no reply" for "it is not a reply"; there may be none of something, here or there, and a thing may be no longer what it was.
IS_NO = r"\b(?<!here )(?:is|are|was|were) no (?!longer\b|more\b|less\b)[A-Za-z]"
QUESTIONS = r"What[^.]{0,80}\?|Who[^.]{0,80}\?"


def below(folder):
    """All files of a folder, without those that are installed or built there: they are many, and each process of a run comes by here."""
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("node_modules", "__pycache__", ".git") and not name.startswith("build")]
        yield from (os.path.join(path, name) for name in names)


ALL = list(below(TOP))


def files(*patterns):
    """As glob.glob() would find them: `**/` for any folders, `*` within one."""
    wanted = "|".join(re.escape(pattern).replace(r"\*\*/", "(?:.+/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
                      .replace(r"\[", "[").replace(r"\]", "]") for pattern in patterns)
    return sorted(path for path in ALL if re.fullmatch(wanted, path[len(TOP) + 1:]) and "/." not in path[len(TOP):])


def comments(path):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for found in re.finditer(r"/\*(.*?)\*/", re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text), re.S):
        yield re.sub(r"\s*\n\s*\* ?", " ", found.group(1)).strip()


def named(path):
    return os.path.relpath(path, TOP)


# Comments and doc strings of scripts, tests, examples and the package. A migration stays as it is once it is released.
SCRIPTS = files("check", "demo", "tools/*", "bench/*", "contrib/**/*", "debian/*", "samples/*", "tests/**/*.py", "tests/**/*.[ch]",
                "meson.build", "**/meson.build", "templates/**/*", "src/**/*.txt")
SOURCES = files("src/**/*.c", "src/**/*.h", "include/**/*.h")
TEXTS = files("*.md", "docs/*.md", "man/*.scd", "src/cli/help/*.txt", "src/config/newsletter.yaml", "contrib/**/*.md")


def test_comments_have_a_subject():
    found = [f"{named(path)}: {comment[:70]}" for path in SOURCES for comment in comments(path)
             if re.match(BARE, comment) and not re.match(QUESTIONS, comment)]
    assert not found, "\n".join(found)


def test_comments_say_that_a_thing_is_not_another():
    found = [f"{named(path)}: {comment[max(0, match.start() - 30):][:70]}" for path in SOURCES for comment in comments(path)
             for match in [re.search(IS_NO, comment)] if match]
    assert not found, "\n".join(found)


def test_comments_use_plain_words():
    found = [f"{named(path)}: {match.group(0)}: {comment[:70]}" for path in SOURCES for comment in comments(path)
             for match in [re.search(WORDS, comment, re.I)] if match]
    assert not found, "\n".join(found)


def test_messages_use_plain_words():
    found = []
    for path in SOURCES:
        with open(path, encoding="utf-8") as source:
            text = re.sub(r"/\*.*?\*/", "", source.read(), flags=re.S)
        found += [f"{named(path)}: {literal[:70]}" for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
                  if re.search(WORDS, literal, re.I) and literal != "departures"]  # the old name is still read
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_documents_use_plain_words(path):
    with open(path, encoding="utf-8") as source:
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", source.read(), flags=re.S | re.M)
    if os.path.basename(path) != "CHANGELOG.md":
        assert not re.search(WORDS, text, re.I), re.search(r".*(" + WORDS + ").*", text, re.I).group(0)


def remarks(path):
    """Comments and doc strings, each with its first words."""
    with open(path, encoding="utf-8", errors="replace") as source:
        text = source.read()
    yield from re.findall(r"^\s*(?:#(?!!|include|define|if|el|endif)|--|//) ?(.*(?:\n\s*(?:#|--|//) ?\S.*)*)", text, re.M)
    yield from re.findall(r'"""(.*?)"""', text, re.S)
    if path.endswith((".c", ".h")):
        yield from comments(path)


@pytest.mark.parametrize("path", [path for path in SCRIPTS if os.path.isfile(path) and "/data/" not in path], ids=named)
def test_scripts_use_plain_words(path):
    for remark in remarks(path):
        text = re.sub(r"\s*\n\s*(?:#|--|//)? ?", " ", re.sub(r"`[^`\n]*`|'[^'\n]*'", "", remark))
        assert not re.search(WORDS, text, re.I), text
        assert not re.match(BARE, text) or re.match(QUESTIONS, text), text
