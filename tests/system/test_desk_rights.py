"""Whose pages the press room shows: each address, asked by each role; and names of files that lead elsewhere."""
import io
import json
import re
import stat
import zipfile

import pytest
from test_press_room import FIELDS, PNG, account, desk, problem  # noqa: F401
from test_staff import staff  # noqa: F401

OF_A_DRAFT = ("", "/here?text=en", "/file?name=quay.png", "/preview?text=en", "/history?text=en", "/snippet?id={snippet}", "/approval", "/send")
TEXT = "---\ntitle: T\ndate: 2026-08-25\n---\nHello\n"


@pytest.mark.slow(1)
def test_each_address_for_each_role(desk, connected):  # noqa: F811
    """An author of the list and a sender see all; an author of another list, who looks after people, and who looks, none of it."""
    http = desk.http
    connected.run("list", "add", "culture", "--from", "press@example.org", "--title", "Culture", "--postal-address", "1 Quay")
    assert desk.upload("picture", "quay.png", PNG, alt="A quay").status == 303
    http.press("/boilerplates", action="save", kind="snippet", name="Contact", source="Ask.", language="", list="bulletin")
    snippet = connected.sql("SELECT id FROM boilerplate")[0][0]
    for name, role in (("author", "author"), ("sender", "sender"), ("viewer", "viewer"), ("people", "people"), ("none", "none"),
                       ("here", "none"), ("there", "none")):
        account(connected, name, role)
    connected.run("staff", "role", "here", "author", "--list", "bulletin")
    connected.run("staff", "role", "there", "author", "--list", "culture")
    for name, sees in (("author", True), ("sender", True), ("here", True), ("viewer", False), ("people", False), ("none", False),
                       ("there", False)):
        http.login(name)
        for address in OF_A_DRAFT:
            assert desk.page(address.format(snippet=snippet)).status == (200 if sees else 404), (name, address)
        assert ("quay.png" in http.page("/library").text) == sees, name
        assert ("Yurts" in http.page("/drafts").text) == sees, name
        assert (http.page(f"/boilerplates/{snippet}").status == 200) == sees, name
        for action in ("save", "keep", "language", "remove", "remove-file", "bring-back", "take", "move", "snippet", "template"):
            if not sees:
                assert http.press(desk.path, action=action, sure="yes", name="quay.png", language="kk", text="en").status == 404, (name, action)
    http.cookie = "__Host-newsletter=00000000-0000-4000-8000-000000000000"
    for address in OF_A_DRAFT:
        assert http.page(desk.path + address.format(snippet=snippet)).status == 303, address
    for address in ("/library", "/boilerplates", f"/boilerplates/{snippet}"):
        assert http.page(address).status == 303, address


@pytest.mark.slow(1)
def test_a_snippet_of_another_list(desk, connected):  # noqa: F811
    """It is neither offered nor put in by an account that may not write to its list."""
    connected.run("list", "add", "culture", "--from", "press@example.org", "--title", "Culture", "--postal-address", "1 Quay")
    desk.http.press("/boilerplates", action="save", kind="snippet", name="Secret", source="Of culture.", language="", list="culture")
    number = connected.sql("SELECT id FROM boilerplate")[0][0]
    assert "Secret" not in desk.page().text  # the draft is of another list
    account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "author", "--list", "bulletin")
    desk.http.login("kim")
    assert desk.page(f"/snippet?id={number}").status == 404
    answer = desk.save(revision=desk.revision(), **FIELDS, action="snippet", snippet=number)
    assert answer.status == 404 and "Of culture" not in json.loads(desk.page("/here?text=en").text)["base"]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", ["../../etc/passwd.png", "/etc/passwd.png", "..\\..\\x.png", "a/../../b.png", "C:\\temp\\quay.png",
                                  "x.png\u202egnp.exe", "-rf.png", "issue.md", ".htaccess", "a" * 300 + ".png", "%2e%2e%2fx.png"])
def test_names_of_uploads(desk, connected, name):  # noqa: F811
    """A file gets a plain name in the draft, or is refused; it never leaves its place."""
    answer = desk.upload("attachment", name, PNG)
    kept = [row[0] for row in connected.sql("SELECT name FROM draft_file")]
    assert answer.status == 303 and len(kept) == 1 or answer.status == 422 and not kept, (answer.status, kept)
    for one in kept:
        assert re.fullmatch(r"[\w][\w .,()+-]*", one) and ".." not in one and len(one.encode()) <= 120 and not one.startswith("-"), one
        assert desk.page("/preview?text=en").status == 200


def link_in_a_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("issue.md", TEXT)
        link = zipfile.ZipInfo("quay.png")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    return out.getvalue()


def zip_of(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("issue.md", TEXT)
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("data", [link_in_a_zip(), zip_of("/etc/passwd"), zip_of("..\\..\\x.png"), zip_of("a/../../b.png"), zip_of("-rf"),
                                  zip_of("x\u202e.png"), zip_of(".ssh/authorized_keys")],
                         ids=["link", "absolute", "backslashes", "upwards", "option", "direction", "hidden"])
def test_names_within_archives(desk, connected, data):  # noqa: F811
    before = connected.sql("SELECT count(*) FROM draft")
    answer = desk.upload("", "issue.zip", data, path="/drafts", how="file", list="bulletin")
    assert answer.status == 422 and "plain files" in problem(answer), problem(answer)
    assert connected.sql("SELECT count(*) FROM draft") == before
