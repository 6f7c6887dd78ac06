"""The hooks in contrib/, run as a web server would run them."""
import os
import subprocess

import pytest
from conftest import BINARY, TOP, parse, token, wait_for


def cgi(site, name, body=b"", method="POST", query="", told=None):
    environment = {"PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"],
                   "NEWSLETTER_CONFIG": os.path.join(site.folder, "newsletter.yaml"),
                   "REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)),
                   "QUERY_STRING": query, "REMOTE_ADDR": "192.0.2.5"}
    run = subprocess.run([os.path.join(TOP, "contrib", "cgi", name)], input=body,
                         capture_output=True, env=environment, cwd="/", timeout=60, check=True)
    head, _, text = run.stdout.decode("utf-8").replace("\r\n", "\n").partition("\n\n")
    # For the web server's error log.
    assert run.stderr == b"" if told is None else told in run.stderr.decode() and run.stderr.count(b"\n") == 1
    return head, text


def test_join_confirm_leave(connected, server):
    head, text = cgi(connected, "subscribe.cgi", b"email=ann%40example.org&name=Ann")
    assert "200 OK" in head and "text/html" in head and "Thank you" in text
    wait_for(lambda: server.messages("ann@example.org"))
    query = "token=" + token(parse(server.messages("ann@example.org")[0]), "confirm")
    assert connected.sql("SELECT consent_ip FROM subscription") == [("192.0.2.5",)]

    head, text = cgi(connected, "confirm.cgi", method="GET", query=query)
    assert "<form method=\"post\"" in text and query in text
    assert connected.sql("SELECT state FROM subscription") == [("pending",)]  # a scanner's visit
    assert "confirmed" in cgi(connected, "confirm.cgi", query=query)[1]
    assert connected.sql("SELECT state FROM subscription") == [("active",)]

    connected.run("send", "--yes", connected.issue())
    query = "token=" + token(parse(server.messages("ann@example.org")[1]), "unsubscribe")
    one_click = b"List-Unsubscribe=One-Click"  # RFC 8058
    assert "unsubscribed" in cgi(connected, "unsubscribe.cgi", one_click, query=query)[1]
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", ["confirm.cgi", "unsubscribe.cgi"])
@pytest.mark.parametrize("query", ["", "token=", "token=<script>", "token=';rm -rf x",
                                   "token=$(id)", "token=" + "0" * 36])
def test_bad_links_say_the_same(connected, name, query):
    _, text = cgi(connected, name, query=query)
    assert "This link does not work" in text and text.startswith("<!DOCTYPE html>")
    _, page = cgi(connected, name, method="GET", query=query)
    assert "<script>" not in page and "rm -rf" not in page


@pytest.mark.one_engine("about SQLite's own files")
def test_bad_forms(connected):
    assert "400" in cgi(connected, "subscribe.cgi", b"email=nonsense", told="is not an address")[0]
    assert "405" in cgi(connected, "subscribe.cgi", method="GET")[0]
    os.unlink(connected.database)
    assert "503" in cgi(connected, "subscribe.cgi", b"email=ann%40example.org", told="no database")[0]
    query = "token=00000000-0000-4000-8000-000000000000"
    for name in ("confirm.cgi", "unsubscribe.cgi"):
        assert "wrong on our side" in cgi(connected, name, query=query, told="no database")[1]
