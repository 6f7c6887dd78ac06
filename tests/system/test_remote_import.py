"""Moving in over the APIs of listmonk and Mailchimp: a made server gives their documented answers."""
import base64
import http.server
import json
import os
import threading
import urllib.parse

import pytest

LISTMONK_LISTS = [{"id": 1, "uuid": "ce13e971", "name": "My News", "type": "public", "optin": "double", "tags": []},
                  {"id": 2, "uuid": "9e6f3f24", "name": "Other", "type": "private", "optin": "single", "tags": ["x"]}]


def subscriber(number, address, status, **lists):
    named = {"my": 1, "other": 2}
    return {"id": number, "created_at": "2023-05-01T10:00:00.123456Z", "updated_at": "2023-05-01T10:00:00Z", "uuid": f"u{number}",
            "email": address, "name": f"Name {number}", "attribs": {"city": "Aktau", "good": True}, "status": status,
            "lists": [{"subscription_status": state, "id": named[key], "uuid": "x", "name": key, "type": "public", "tags": None}
                      for key, state in lists.items()]}


PEOPLE = [subscriber(1, "ann@example.org", "enabled", my="confirmed", other="unsubscribed"),
          subscriber(2, "bob@example.org", "enabled", my="unconfirmed"), subscriber(3, "cyd@example.org", "enabled", my="unsubscribed"),
          subscriber(4, "dan@example.org", "disabled", my="confirmed"), subscriber(5, "eve@example.org", "blocklisted", my="confirmed"),
          subscriber(6, "fay@example.org", "enabled"), subscriber(7, "gus@example.org", "blocklisted"),
          subscriber(8, "hal@example.org", "enabled", other="unconfirmed")]
CAMPAIGNS = [{"id": 1, "name": "May", "subject": "News: \"May\"", "body": "<h1>Hello</h1><p>A <b>yurt</b>.</p><script>x()</script>",
              "content_type": "richtext", "status": "finished", "started_at": "2024-05-01T10:00:00Z", "send_at": None},
             {"id": 2, "name": "June", "subject": "June", "body": "# Plain\n\nText.", "content_type": "markdown", "status": "finished",
              "started_at": "2024-06-01T10:00:00Z", "send_at": None}]

MEMBER = {"id": "62eeb292278cc15f5817cb78f7790b08", "email_type": "html", "language": "kk", "ip_signup": "", "timestamp_signup": "",
          "ip_opt": "198.51.100.7", "timestamp_opt": "2022-03-04T05:06:07+00:00", "tags": [{"id": 1, "name": "press"}], "tags_count": 1}
MEMBERS = [dict(MEMBER, email_address=f"{name}@example.org", status=status,
                merge_fields={"FNAME": name.title(), "LNAME": "Lee", "ADDRESS": {"addr1": "x"}, "PHONE": "", "TOWN": "Oral"})
           for name, status in (("ann", "subscribed"), ("bob", "unsubscribed"), ("cyd", "cleaned"), ("dan", "pending"),
                                ("eve", "archived"), ("fay", "transactional"))]


class Made(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body, **fields):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        made = self.server
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        made.asked.append(self.path)
        if self.headers["Authorization"] != "Basic " + base64.b64encode(made.login.encode()).decode():
            return self.answer(403, {"message": "invalid API credentials"})
        if made.faults:
            return self.answer(*made.faults.pop(0), **made.faults_fields.pop(0))
        return self.listmonk(url.path, query) if url.path.startswith("/api/") else self.mailchimp(url.path, query)

    def listmonk(self, path, query):
        found = {"/api/lists": LISTMONK_LISTS, "/api/subscribers": self.server.people, "/api/campaigns": CAMPAIGNS}.get(path)
        if found is None:
            return self.answer(404, {"message": "not found"})
        size, page = min(int(query["per_page"]), self.server.page), int(query["page"])
        part = found[(page - 1) * size:page * size]
        return self.answer(200, {"data": {"results": part, "search": "", "query": "", "total": self.server.total or len(found),
                                          "per_page": size, "page": page}})

    def mailchimp(self, path, query):
        if path == "/3.0/campaigns/c1/content":
            return self.answer(200, {"plain_text": "x", "html": "<html><body><p>Sent by them</p></body></html>"})
        name, found = {"/3.0/lists": ("lists", [{"id": "a1b2", "name": "My News", "double_optin": True}]),
                       "/3.0/lists/a1b2/members": ("members", MEMBERS),
                       "/3.0/campaigns": ("campaigns", [{"id": "c1", "send_time": "2023-01-02T03:04:05+00:00",
                                                         "settings": {"subject_line": "Sent", "title": "T"}}])}[path]
        first, size = int(query["offset"]), min(int(query["count"]), self.server.page)
        return self.answer(200, {name: found[first:first + size], "total_items": len(found)})


@pytest.fixture
def made(connected):
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Made)
    made.login, made.asked, made.faults, made.faults_fields, made.page, made.people, made.total = "mover:t0ken", [], [], [], 3, PEOPLE, 0
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    connected.write("login", "mover:t0ken\n")
    for name in ("my-news", "other"):
        connected.run("list", "add", name, "--from", "press@example.org")
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def move(site, made, *options, expect=0, kind="listmonk-api", consent=True):
    run = site.run("--password-file", os.path.join(site.folder, "login"), "import", made.url, "--from", kind, *options, "--json",
                   *(("--consent", "moved from there") if consent else ()), expect=expect)
    return json.loads(run.out) if expect == 0 else run.err


def states(site, name):
    return dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber JOIN list l ON "
                         "l.id = s.list WHERE l.name = ?", name))


def test_listmonk(connected, made):
    folder = os.path.join(connected.folder, "old")
    move(connected, made, "--issues", folder)
    assert states(connected, "my-news") == {"ann@example.org": "active", "bob@example.org": "pending", "cyd@example.org": "unsubscribed",
                                            "dan@example.org": "unsubscribed"}
    assert states(connected, "other") == {"ann@example.org": "unsubscribed", "hal@example.org": "pending"}
    assert sorted(connected.sql("SELECT address_key FROM suppression")) == [("eve@example.org",), ("gus@example.org",)]
    assert connected.sql("SELECT name, attributes FROM subscriber WHERE address = 'ann@example.org'")[0][0] == "Name 1"
    assert json.loads(connected.sql("SELECT attributes FROM subscriber WHERE address = 'ann@example.org'")[0][0])["city"] == "Aktau"
    assert "fay@example.org" not in str(connected.sql("SELECT address FROM subscriber"))
    # all pages, each once
    assert [path for path in made.asked if path.startswith("/api/subscribers")][-1].endswith("page=3&per_page=500")
    assert sorted(os.listdir(folder)) == ["2024-05-01-news-may.md", "2024-06-01-june.md"]
    with open(os.path.join(folder, "2024-05-01-news-may.md"), encoding="utf-8") as source:
        text = source.read()
    assert 'title: "News: \\"May\\""' in text and "date: \"2024-05-01\"" in text and "**yurt**" in text and "x()" not in text
    connected.run("check", os.path.join(folder, "2024-06-01-june.md"), "--list", "my-news", expect=None)
    # once more changes nothing, and what was edited meanwhile stays
    with open(os.path.join(folder, "2024-06-01-june.md"), "w", encoding="utf-8") as target:
        target.write("mine")
    before = connected.sql("SELECT state, consent_at FROM subscription ORDER BY id")
    assert move(connected, made, "--issues", folder)["added"] == 0
    assert connected.sql("SELECT state, consent_at FROM subscription ORDER BY id") == before
    with open(os.path.join(folder, "2024-06-01-june.md"), encoding="utf-8") as source:
        assert source.read() == "mine"


@pytest.mark.one_engine("the engine makes no difference")
def test_mailchimp(connected, made):
    made.login = "newsletter:key-us6"
    connected.write("login", "key-us6\n")
    folder = os.path.join(connected.folder, "old")
    move(connected, made, "--issues", folder, kind="mailchimp-api")
    assert states(connected, "my-news") == {"ann@example.org": "active", "bob@example.org": "unsubscribed", "cyd@example.org": "bounced",
                                            "dan@example.org": "pending", "eve@example.org": "unsubscribed", "fay@example.org": "unsubscribed"}
    name, language, attributes, ip, at = connected.sql(
        "SELECT r.name, r.language, r.attributes, s.consent_ip, s.consent_at FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
        "WHERE r.address = 'ann@example.org'")[0]
    assert (name, language, ip, at) == ("Ann Lee", "kk", "198.51.100.7", 1646370367)
    assert json.loads(attributes) == {"TOWN": "Oral", "tags": ["press"]}
    assert os.listdir(folder) == ["2023-01-02-sent.md"]


@pytest.mark.one_engine("the engine makes no difference")
def test_a_server_that_has_had_enough_is_asked_again(connected, made):
    made.faults = [(429, {"message": "slow down"}), (503, b"x"), (429, {})]
    made.faults_fields = [{"Retry_After": "1"}, {}, {"Retry_After": "1"}]
    move(connected, made, "--remote-list", "My News", "--list", "other")
    assert len(states(connected, "other")) == 4 and states(connected, "my-news") == {}


@pytest.mark.slow(1)
@pytest.mark.one_engine("the engine makes no difference")
def test_what_is_refused(connected, made):
    assert "which is not known" in with_people(connected, made, [subscriber(1, "a@example.org", "odd", my="confirmed")], 65)
    made.total = 9
    assert "try again" in move(connected, made, expect=75)
    made.total = 0
    made.people = PEOPLE
    assert "no such list" in move(connected, made, "--remote-list", "Nothing", expect=67)
    connected.run("list", "remove", "other", "--yes")
    assert "other" in move(connected, made, expect=67)
    connected.write("login", "mover:wrong\n")
    assert "refuses the login" in move(connected, made, "--list", "my-news", expect=77)
    connected.write("login", "mover\n")
    assert "USER:TOKEN" in move(connected, made, expect=64)
    for url in ("http://lists.example.org", "http://127.example.org", "ftp://127.0.0.1", "https://user:secret@lists.example.org", "people.csv"):
        run = connected.run("--password-file", os.path.join(connected.folder, "login"), "import", url, "--from", "mailchimp-api",
                            "--consent", "x", expect=64)
        assert "secret" not in run.err
    connected.run("import", made.url, "--from", "listmonk-api", "--consent", "x", expect=64)
    connected.run("import", "people.csv", "--issues", "x", "--consent", "x", expect=64)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


def with_people(site, made, people, expect):
    made.people = people
    return move(site, made, expect=expect)


@pytest.mark.one_engine("the engine makes no difference")
def test_a_row_that_is_no_good_stops_all_of_it(connected, made):
    made.people = PEOPLE + [subscriber(9, "nobody", "enabled", my="confirmed")]
    connected.run("--password-file", os.path.join(connected.folder, "login"), "import", made.url, "--from", "listmonk-api",
                  "--consent", "x", expect=65)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    made.people = PEOPLE
    told = move(connected, made, "--dry-run", "--issues", os.path.join(connected.folder, "none"))
    assert told["dry_run"] and connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    assert not os.path.exists(os.path.join(connected.folder, "none"))
