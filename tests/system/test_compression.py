"""Answers in gzip: for whom, which, and their entity tags."""
import gzip
import json

import pytest
from conftest import BINARY
from test_staff import StaffServer, configure
from webserver import WebServer

pytestmark = pytest.mark.one_engine("the engine makes no difference")

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def raw(http, path, **headers):
    """(answer, its bytes as they came)"""
    answer = http.request("GET", path, headers=headers)
    return answer, answer.body


def unpacked(answer, body):
    return gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body


@pytest.fixture
def api(connected):
    configure(connected)
    http = StaffServer(connected.folder, "--no-mail")
    token = connected.run("staff", "token", "all", "--scope", "people,admin").out.strip()
    yield http, {"Authorization": f"Bearer {token}"}
    http.stop()


def test_answers_of_the_api(api, connected):
    http, token = api
    connected.add_active([f"p{i}@example.org" for i in range(60)])
    path = "/api/v1/subscribers?limit=60"
    plain, whole = raw(http, path, **token)
    packed, small = raw(http, path, **token, **GZIP)
    assert plain.getheader("Content-Encoding") is None and packed.getheader("Content-Encoding") == "gzip"
    assert len(small) < len(whole) / 3 and gzip.decompress(small) == whole
    assert plain.getheader("Vary") == packed.getheader("Vary") == "Accept-Encoding"
    for field in ("gzip;q=0", "identity", "br", "*;q=0", "gzip;q=0.2, identity;q=0.8"):
        assert raw(http, path, **token, **{"Accept-Encoding": field})[0].getheader("Content-Encoding") is None
    assert raw(http, path, **token, **{"Accept-Encoding": "*;q=0.1"})[0].getheader("Content-Encoding") == "gzip"
    # a single subscriber is smaller than a packet
    assert raw(http, "/api/v1/subscribers/1", **token, **GZIP)[0].getheader("Content-Encoding") is None
    head = http.request("HEAD", path, headers={**token, **GZIP})
    assert head.getheader("Content-Encoding") == "gzip" and head.getheader("Content-Length") == str(len(small))
    assert json.loads(gzip.decompress(raw(http, "/api/v1/openapi.json", **GZIP)[1]))["openapi"] == "3.1.0"


def test_tags_of_both_forms(api, connected):
    """One entity tag must not stand for two strings of bytes; both hold where a revision is meant."""
    http, token = api
    long = ("long " * 98).strip()
    connected.run("list", "edit", "bulletin", "--postal-address", long, "--title", long)
    path = "/api/v1/lists/bulletin"
    plain, packed = raw(http, path, **token)[0], raw(http, path, **token, **GZIP)[0]
    assert packed.getheader("Content-Encoding") == "gzip"
    tags = plain.getheader("ETag"), packed.getheader("ETag")
    assert tags[1] == tags[0][:-1] + '-gzip"'
    for tag in (*tags, "W/" + tags[0], "W/" + tags[1], f'"x", {tags[1]}'):
        answer, body = raw(http, path, **token, **GZIP, **{"If-None-Match": tag})
        assert (answer.status, body, answer.getheader("Content-Encoding")) == (304, b"", None), tag
        assert answer.getheader("ETag") == tags["-gzip" in tag]
    for tag, status in ((tags[0], 200), ('"x-gzip"', 412), ("W/" + tags[0], 412), (tags[0][:-1] + '-br"', 412)):
        patch = http.request("PATCH", path, body=b'{"owner": null}', headers={**token, "Content-Type": "application/json", "If-Match": tag})
        assert patch.status == status, tag
    now = raw(http, path, **token, **GZIP)[0].getheader("ETag")
    patch = http.request("PATCH", path, body=b'{"title": "Other"}', headers={**token, "Content-Type": "application/json", "If-Match": now})
    assert patch.status == 200


def test_pages(connected, server):
    connected.configure(serve={"url": "https://news.example.org", "listen": "127.0.0.1:0"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue("# One\n\n" + "A word. " * 300, name="one.md"))
    http = WebServer(BINARY, connected.folder)
    try:
        slug = connected.sql("SELECT slug FROM issue")[0][0]
        for path in (f"/archive/bulletin/issue/{slug}/", "/archive/bulletin/feed.atom"):
            plain, whole = raw(http, path)
            packed, small = raw(http, path, **GZIP)
            assert plain.status == 200, path
            assert packed.getheader("Content-Encoding") == "gzip", path
            assert gzip.decompress(small) == whole and "Accept-Encoding" in ", ".join(packed.headers.get_all("Vary")), path
            if plain.getheader("ETag"):
                assert packed.getheader("ETag") == plain.getheader("ETag")[:-1] + '-gzip"'
                for tag in (plain.getheader("ETag"), packed.getheader("ETag")):
                    assert raw(http, path, **GZIP, **{"If-None-Match": tag})[0].status == 304
                    assert raw(http, path, **{"If-None-Match": tag})[0].status == 304
            for _ in range(3):  # from memory
                assert unpacked(*raw(http, path, **GZIP)) == whole
                assert raw(http, path)[1] == whole
        # a page with a form has a stamp of the visitor's own: no length tells anything of it (BREACH)
        answer, body = raw(http, "/join?list=bulletin", **GZIP)
        assert answer.status == 200 and b"<form" in body and answer.getheader("Content-Encoding") is None
    finally:
        http.stop()


def test_pages_of_staff_are_not_compressed(connected):
    """They mix what somebody typed with a token against forged requests."""
    configure(connected)
    http = StaffServer(connected.folder, "--no-mail")
    login, _ = raw(http, "/login", **GZIP)
    assert login.getheader("Content-Encoding") is None
    http.login()
    for path in ("/", "/account?name=typed"):
        answer, body = raw(http, path, **GZIP, Cookie=http.cookie)
        assert answer.status == 200 and len(body) > 1024 and answer.getheader("Content-Encoding") is None, path
    http.stop()
