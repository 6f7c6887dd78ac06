"""The dashboard and the JSON API: who gets in, what they see, what they may do."""
import contextlib
import http.client
import json
import os
import re
import subprocess
import time
import urllib.parse

import jsonschema
import pytest
from browser import WEB
from conftest import BINARY, wait_for
from test_enclosures import png
from webserver import WebServer

PASSWORD = "correct horse battery"
ACCOUNT = []


class StaffServer(WebServer):
    """`serve` with both of its addresses; requests go to the staff's."""

    def __init__(self, folder, *args, binary=BINARY):
        super().__init__(binary, folder, *args)
        self.public = self.port
        self.port = int(re.search(r":(\d+)$", self.process.stdout.readline().strip()).group(1))
        self.cookie = None

    def login(self, name="ann", password=PASSWORD, **headers):
        answer = self.post("/login", {"name": name, "password": password}, **headers)
        if answer.status == 303:
            self.cookie = re.match(r"(__Host-newsletter=[^;]+);", answer.getheader("Set-Cookie")).group(1)
        return answer

    def page(self, path):
        return self.get(path, Cookie=self.cookie)

    def press(self, path, **form):
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page("/").text).group(1)
        return self.post(path, {"csrf": csrf, **form}, Cookie=self.cookie)


def configure(connected):
    connected.configure(serve={"url": "https://news.example.org", "log": True},
                        staff={"listen": "127.0.0.1:0", "url": "https://staff.example.org"})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name, None)
    connected.configure()
    if not ACCOUNT:  # a password's digest takes long to make: once is enough
        connected.run("staff", "add", "ann", stdin=PASSWORD.encode() + b"\n")
        ACCOUNT.extend(connected.sql("SELECT name, password, created_at FROM staff")[0])
    else:
        connected.sql("INSERT INTO staff (name, password, created_at) VALUES (?, ?, ?)", *ACCOUNT)


@contextlib.contextmanager
def dashboard(connected, role, login=True):
    """The website of staff, which may send webhooks to this machine, and ann, who has a role."""
    connected.configure(webhooks={"allow_networks": "127.0.0.0/8"})
    configure(connected)
    connected.sql("UPDATE staff SET role = ?", role)
    server = StaffServer(connected.folder, "--no-mail")
    if login:
        server.login()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def staff(connected):
    configure(connected)
    started = []

    def start(*args):
        started.append(StaffServer(connected.folder, *args))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def eventful(connected, server):
    """An issue with something of everything, and people who came and went."""
    connected.configure(retry={"first": "1h", "max": "1h"})  # what is deferred stays so
    people = [f"reader{number}@{domain}" for number in range(6)
              for domain in ("example.org", "mail.example.com", "bücher.example")]
    connected.add_active(people)
    connected.sql("UPDATE subscription SET confirmed_at = 1750000000 + id * 86400")
    connected.sql("UPDATE subscription SET state = 'unsubscribed', ended_at = 1760000000 WHERE id = 3")
    server.handler.reject.add(people[0])
    server.handler.reject.add(people[1])
    server.handler.tempfail.add(people[4])
    connected.run("send", "--yes", connected.issue(title="Ferries <b>& ports"))
    connected.sql("UPDATE delivery SET reply_text = '<script>alert(1)</script>' WHERE state = 'bounced'")
    return people


# ---- accounts ----

@pytest.mark.slow(1)
def test_accounts(connected):
    connected.run("staff", "add", "ann", stdin=PASSWORD.encode())
    assert "'ann' already" in connected.run("staff", "add", "ann", stdin=PASSWORD.encode(), expect=65).err
    assert "12 to" in connected.run("staff", "add", "bob", stdin=b"short\n", expect=65).err
    assert "no password" in connected.run("staff", "add", "bob", expect=66).err
    assert "not a name" in connected.run("staff", "add", "b b", stdin=PASSWORD.encode(), expect=65).err
    token = connected.run("staff", "token", "robot", "--scope", "control").out.strip()
    connected.sql("UPDATE staff SET created_at = 1795478400")  # noon of the 24th (UTC)
    listed = connected.run("staff").out
    assert re.search(r"^ann\b.*\b2026-11-24\b", listed, re.M), listed
    assert "ann" in listed and "robot" in listed and token not in listed
    kinds = [(row["kind"], row["name"]) for row in json.loads(connected.run("staff", "list", "--json").out)]
    assert kinds == [("account", "ann"), ("token", "robot")]
    stored = str(connected.sql("SELECT * FROM staff") + connected.sql("SELECT * FROM api_token"))
    assert PASSWORD not in stored and token not in stored and "$argon2id$v=19$m=19456,t=2,p=1$" in stored
    connected.run("staff", "remove", "ann")
    connected.run("staff", "revoke", "robot")
    for action in ("remove", "revoke", "password"):
        connected.run("staff", action, "nobody", stdin=PASSWORD.encode(), expect=67)
    connected.run("staff", "promote", "ann", expect=64)
    connected.run("staff", "add", expect=64)


def test_off_by_default(connected):
    connected.configure(serve={"url": "https://news.example.org"})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    for path in ("/login", "/api/v1/lists", "/issue/1"):
        assert server.get(path).status == 404
    server.stop()


# ---- getting in ----

EARLIER = "$argon2id$v=19$m=65536,t=3,p=1$c2l4dGVlbiBieXRlcyBpdA$jI0uV3NMr7z6TWjmI+himAWMWsyaV17SuHNxdMP7xYE"


@pytest.mark.slow(1)
def test_digests_of_earlier_versions(staff, connected):
    """A password that was kept with other costs is still right, and is kept with ours from then on."""
    http = staff()
    connected.sql("UPDATE staff SET password = ?", EARLIER)
    assert http.login(password=PASSWORD + "!").status != 303 and connected.sql("SELECT password FROM staff") == [(EARLIER,)]
    assert http.login().status == 303
    kept, = connected.sql("SELECT password FROM staff")[0]
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert http.login().status == 303 and connected.sql("SELECT password FROM staff") == [(kept,)]


def test_login_and_logout(staff, connected):
    http = staff("--no-mail")
    for path in ("/", "/issue/1", "/list/bulletin", "/nosuch"):
        answer = http.get(path)
        assert answer.status == 303 and answer.getheader("Location") == "/login"
    answer = http.login()
    assert answer.status == 303 and answer.getheader("Location") == "/"
    attributes = answer.getheader("Set-Cookie").split("; ")[1:]
    assert attributes == ["Path=/", "Max-Age=28800", "Secure", "HttpOnly", "SameSite=Strict"]
    assert http.page("/").status == 200 and "News Bulletin" in http.page("/").text
    secret = http.cookie.split("=")[1]
    assert secret not in str([digest.hex() for digest, in connected.sql("SELECT digest FROM staff_session")])
    left = http.press("/logout")
    assert left.status == 303 and "Max-Age=0" in left.getheader("Set-Cookie")
    assert http.page("/").status == 303  # the session is over, whatever the browser keeps
    log = http.stop()
    assert secret not in log and PASSWORD not in log and "ann logs in from 127.0.0.1" in log


@pytest.mark.slow
def test_sessions_end(staff, connected):
    http = staff("--no-mail")
    http.login()
    connected.sql("UPDATE staff_session SET expires_at = 1")
    assert http.page("/").status == 303
    http.login()
    connected.run("staff", "password", "ann", stdin=b"another long password")
    assert http.page("/").status == 303
    assert http.login().status == 403
    assert http.login(password="another long password").status == 303
    connected.run("staff", "remove", "ann")
    assert http.page("/").status == 303


@pytest.mark.parametrize("name, password", [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", ""),
                                            ("ann", "x" * 5000), ("' OR 1=1 --", PASSWORD)])
def test_wrong_password(staff, name, password):
    answer = staff("--no-mail").login(name, password)
    assert answer.status == 403 and "The user name or password is wrong." in answer.text
    assert answer.getheader("Set-Cookie") is None


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_guessing_is_slow(staff):
    http = staff("--no-mail")
    refused = 0  # ten may be tried at once, and one more each minute, which may pass on a busy machine
    while (answer := http.login(password=f"wrong {refused}")).status == 403:
        refused += 1
        assert refused < 100
    assert answer.status == 429 and refused >= 10
    while answer.status != 429 or int(answer.getheader("Retry-After")) < 30:  # long enough for what comes next
        answer = http.login(password="wrong")
    late = http.login()
    assert late.status == 429 and int(late.getheader("Retry-After")) > 0  # a right one is not tried either


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_guesses_count_in_every_thread(staff):
    """Slow requests are answered by other threads, where a network has no guesses of its own."""
    http = staff("--no-mail")
    wrong = {"Authorization": "Bearer wrong"}
    while (answer := http.get("/api/v1/lists", **wrong)).status != 429 or int(answer.getheader("Retry-After")) < 30:
        assert answer.status in (401, 429)
    assert {http.get("/api/v1/drafts/1/check", **wrong).status for _ in range(4)} == {429}


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_calls_count_in_every_thread(staff, connected):
    connected.configure(staff={**connected.settings["staff"], "calls_per_minute": 9})
    token = connected.run("staff", "token", "robot", "--scope", "admin").out.strip()
    http = staff("--no-mail")
    left = [int(re.search(r"\br=(\d+)", http.get(path, Authorization=f"Bearer {token}").getheader("RateLimit")).group(1))
            for path in ("/api/v1/lists", "/api/v1/drafts/1/check") * 3]
    # A minute may end in between; within one, the count goes down by one at each call.
    assert all(after == before - 1 or after == 8 for before, after in zip(left, left[1:], strict=False)) and min(left) < 8


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_nobody_is_locked_out(staff, connected):
    """Wrong logins from several networks, one of which is refused for it, keep nobody else from logging in."""
    connected.configure(serve={"url": "https://news.example.org", "log": True, "trusted_proxies": "127.0.0.1"})
    http = staff("--no-mail")
    assert http.login(**{"X-Forwarded-For": "203.0.113.9"}).status == 303
    wrong = [http.login(password="wrong", **{"X-Forwarded-For": f"66.66.66.{host}"}).status for host in range(16)]
    assert wrong.count(403) >= 10 and 429 in wrong
    for network in (1, 2, 3):
        assert http.login(password="wrong", **{"X-Forwarded-For": f"77.{network}.1.1"}).status == 403
    assert http.login(**{"X-Forwarded-For": "66.66.66.99"}).status == 429  # by network, whoever asks
    assert http.login(**{"X-Forwarded-For": "203.0.113.77"}).status == 303  # a network that it is known in
    assert http.login(**{"X-Forwarded-For": "198.51.100.1"}).status == 303  # and one that is new


@pytest.mark.slow(1)
def test_forms_from_elsewhere(staff, connected, eventful):
    http = staff("--no-mail")
    assert http.login(**{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert http.login(Origin="https://evil.example").status == 403
    assert http.login(Origin=f"http://127.0.0.1:{http.port}").status == 303
    connected.sql("UPDATE issue SET state = 'sending'")
    for form in ({"action": "pause"}, {"action": "pause", "csrf": ""}, {"action": "pause", "csrf": "a" * 16}):
        assert http.post("/issue/1", form, Cookie=http.cookie).status == 403
    assert http.post("/logout", {}, Cookie=http.cookie).status == 403
    assert connected.sql("SELECT state FROM issue") == [("sending",)]


def test_the_public_site_knows_no_session(staff):
    http = staff("--no-mail")
    http.login()
    http.port = http.public
    assert http.page("/").text.count("Join our email list") > 0
    assert http.page("/issue/1").status == 404 and http.page("/api/v1/lists").status == 404


# ---- what is shown ----

@pytest.mark.slow(1)
def test_pages(staff, connected, eventful):
    http = staff("--no-mail")
    http.login()
    overview = http.page("/").text
    assert 'aria-label="Subscribers over time"' in overview and "15</td>" in overview
    assert "Ferries &lt;b&gt;&amp; ports" in overview and "<b>& ports" not in overview
    assert http.page("/list/bulletin").status == 200 and http.page("/list/nosuch").status == 404
    issue = http.page("/issue/1").text
    for text in ("Deliveries by domain", "mail.example.com", "Bounced and refused, by reason", "5.1.1",
                 "Not delivered", eventful[0], "&lt;script&gt;", "16 of 17 processed"):
        assert text in issue, text
    assert "<script>" not in issue and "<progress" in issue
    assert http.page("/issue/2").status == 404 and http.page("/issue/x").status == 404


@pytest.mark.slow(1)
def test_the_organisation_is_on_each_page(staff, connected, eventful):
    connected.write("logo.png", png(40, 20))
    connected.configure(organisation={"name": {"en": "Embassy & friends", "ru": "Посольство"}, "logo": "logo.png", "logo_dark": "logo.png",
                                      "accent": "#ffc61a"})
    http = staff("--no-mail")
    login = http.get("/login").text
    http.login()
    for page in (login, *(http.page(path).text for path in ("/", "/issue/1", "/list/bulletin", "/drafts", "/people", "/account", "/nosuch"))):
        assert "Embassy &amp; friends" in page and 'src="/logo.png"' in page and 'srcset="/logo-dark.png"' in page
        assert not re.search("<(title|h1)[^>]*>[^<]*newsletter", page)
    lost = http.page("/nosuch").text
    assert "This page does not exist." in lost and re.findall('href="(/[^"]*)"', lost) == ["/logo.png", "/style.css", "/", "/"]
    assert "Посольство" in http.get("/login", **{"Accept-Language": "ru"}).text
    for name in ("/logo.png", "/logo-dark.png"):
        assert http.get(name).getheader("Content-Type") == "image/png"
    assert http.get("/logo.gif").status == 404 and http.post("/logo.png", {}).status == 303
    style = http.get("/style.css").text
    assert "--accent:#ffc61a;--on-accent:#000000;" in style and "#12344d" not in style and "#0b5394;" not in style


@pytest.mark.slow(1)
def test_page_in_another_language(staff, eventful):
    http = staff("--no-mail")
    http.login()
    assert "Динамика подписчиков" in http.get("/", Cookie=http.cookie, **{"Accept-Language": "ru"}).text


# ---- what is done ----

@pytest.mark.slow(1)
def test_pause_resume_cancel(staff, connected, server, eventful):
    http = staff()
    http.login()

    def buttons():
        return re.findall(r'name="?action"? value="?(pause|resume|cancel)', http.page("/issue/1").text)

    assert buttons() == ["pause", "cancel"]
    assert http.press("/issue/1", action="pause").status == 303
    assert buttons() == ["resume", "cancel"]
    assert connected.sql("SELECT state, pause_note FROM issue") == [("paused", "by hand")]
    page = http.press("/issue/1", action="pause")
    assert page.status == 409 and "This is not possible" in page.text
    connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    assert http.press("/issue/1", action="resume").status == 303
    wait_for(lambda: connected.sql("SELECT state FROM issue") == [("sent",)])  # serve itself sends on
    assert connected.states() == {"sent": 15, "bounced": 2}
    assert buttons() == []
    assert http.press("/issue/1", action="cancel", sure="yes").status == 409
    connected.sql("UPDATE issue SET state = 'paused'")
    refused = http.press("/issue/1", action="cancel")
    assert refused.status == 400 and "Tick the box" in refused.text
    assert http.press("/issue/1", action="cancel", sure="yes").status == 303
    assert connected.sql("SELECT state FROM issue") == [("cancelled",)]
    assert http.press("/issue/1", action="explode").status == 409
    assert "ann: cancel issue 1" in http.stop()


@pytest.mark.slow
def test_live_progress_of_a_send(staff, connected, server):
    """While another process sends, the page follows it; pausing there stops that process."""
    server.handler.delay = 0.05
    connected.add_active([f"r{number}@example.org" for number in range(400)])
    connected.configure(smtp={"connections": 2})
    http = staff()
    http.login()
    run = connected.popen("send", "--yes", connected.issue())
    seen = set()
    wait_for(lambda: connected.sql("SELECT 1 FROM delivery WHERE state = 'sent'") != [])
    while len(seen) < 3:
        page = http.page("/issue/1").text
        assert 'data-refresh="5"' in page
        seen.add(re.search(r"(\d+) of 400 processed", page).group(1))
        time.sleep(0.1)
    assert http.press("/issue/1", action="pause").status == 303
    run.communicate(timeout=60)
    states = connected.states()
    assert states["queued"] > 0 and states["sent"] > 0
    assert 'data-refresh="5"' not in http.page("/issue/1").text
    server.handler.delay = 0
    assert http.press("/issue/1", action="resume").status == 303
    wait_for(lambda: connected.states() == {"sent": 400}, seconds=60)
    wait_for(lambda: connected.sql("SELECT state FROM issue") == [("sent",)])
    assert server.handler.accepted == 400


# ---- the API ----

class Api:
    def __init__(self, http, token):
        self.http, self.token = http, token
        self.description = json.loads(http.get("/api/v1/openapi.json").text)

    def call(self, path, method="GET", token=None, expect=200, template=None):
        """Calls and checks the answer against the description."""
        answer = self.http.request(method, "/api/v1" + path,
                                   headers={"Authorization": f"Bearer {token or self.token}"})
        assert answer.status == expect, (path, answer.status, answer.text)
        described = self.description["paths"][template or path.split("?")[0]][method.lower()]["responses"][str(expect)]
        if "$ref" in described:
            described = self.description["components"]["responses"][described["$ref"].split("/")[-1]]
        kind = answer.getheader("Content-Type")
        schema = {**described["content"][kind]["schema"], "components": self.description["components"]}
        body = json.loads(answer.text)
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body)
        return body


@pytest.fixture
def api(staff, connected, eventful):
    token = connected.run("staff", "token", "robot", "--scope", "control").out.strip()
    return Api(staff("--no-mail"), token)


@pytest.mark.slow(1)
def test_the_description_is_openapi(api):
    run = subprocess.run(["node", "openapi.mjs"], cwd=WEB, input=json.dumps(api.description).encode(),
                         capture_output=True, timeout=60, check=True)
    assert json.loads(run.stdout) == {"valid": True, "version": "3.1"}


@pytest.mark.slow(1)
def test_api(api, connected, eventful):
    assert api.call("/lists")["lists"][0]["subscriptions"]["active"] == 15  # two were refused for good
    assert api.call("/lists/bulletin", template="/lists/{name}")["title"] == "News Bulletin"
    api.call("/lists/nosuch", template="/lists/{name}", expect=404)
    days = api.call("/lists/bulletin/growth", template="/lists/{name}/growth")["days"]
    assert sum(day["joined"] for day in days) == 18 and days[-1]["active"] == 15
    api.call("/lists/nosuch/growth", template="/lists/{name}/growth", expect=404)
    issue = api.call("/issues")["issues"][0]
    assert issue["title"] == "Ferries <b>& ports" and issue["state"] == "sending"
    assert issue["deliveries"] == {**dict.fromkeys(issue["deliveries"], 0), "sent": 14, "deferred": 1, "bounced": 2}
    assert api.call("/issues/1", template="/issues/{id}") == issue
    domains = api.call("/issues/1/domains?limit=2", template="/issues/{id}/domains")["domains"]
    assert domains == [{"domain": "example.org", "deliveries": {"bounced": 1, "sent": 5}},
                       {"domain": "mail.example.com", "deliveries": {"bounced": 1, "deferred": 1, "sent": 4}}]
    assert api.call("/issues/1/reasons", template="/issues/{id}/reasons")["reasons"] == [
        {"kind": "hard", "reason": "no-such-user", "count": 2}]
    periods = api.call("/issues/1/timeline?seconds=3600", template="/issues/{id}/timeline")["periods"]
    assert sum(period["count"] for period in periods) == 17
    bounced = api.call("/issues/1/deliveries?state=bounced", template="/issues/{id}/deliveries")["deliveries"]
    assert [(row["address"], row["reply_code"]) for row in bounced] == [(eventful[0], 550), (eventful[1], 550)]
    api.call("/notices")


def test_api_pages_through_everything(api):
    seen, after = [], 0
    while rows := api.call(f"/issues/1/deliveries?limit=5&after={after}",
                           template="/issues/{id}/deliveries")["deliveries"]:
        seen += [row["subscription"] for row in rows]
        after = rows[-1]["subscription"]
    assert len(seen) == 17 == len(set(seen))
    assert api.call("/issues?before=1")["issues"] == []


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("path", ["/issues?limit=0", "/issues?limit=1001", "/issues?limit=x", "/issues?before=-1"])
def test_api_bad_query(api, path):
    api.call(path, expect=400)


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("path", ["/", "/nosuch", "/issues/x", "/issues/-1", "/issues/99", "/issues/99/domains",
                                  "/issues/1/nosuch", "/issues/1/domains/x", "/lists//growth", "/" + "x" * 300])
def test_api_not_found(api, path):
    answer = api.http.get("/api/v1" + path, Authorization=f"Bearer {api.token}")
    assert answer.status == 404 and json.loads(answer.text)["status"] == 404


def test_api_methods(api):
    for method, path, allow in (("POST", "/notices", "GET, HEAD"), ("GET", "/issues/1/pause", "POST")):
        answer = api.http.request(method, "/api/v1" + path, headers={"Authorization": f"Bearer {api.token}"})
        assert answer.status == 405 and answer.getheader("Allow") == allow


def test_api_steers(api, connected):
    assert api.call("/issues/1/pause", "POST", template="/issues/{id}/pause")["state"] == "paused"
    api.call("/issues/1/pause", "POST", template="/issues/{id}/pause", expect=409)
    assert api.call("/issues/1/resume", "POST", template="/issues/{id}/resume")["state"] == "sending"
    assert api.call("/issues/1/cancel", "POST", template="/issues/{id}/cancel")["state"] == "cancelled"
    assert connected.states() == {"sent": 14, "bounced": 2, "skipped": 1}
    api.call("/issues/9/cancel", "POST", template="/issues/{id}/cancel", expect=404)


@pytest.mark.slow(1)
def test_api_tokens(api, connected):
    assert api.http.get("/api/v1/lists").status == 401
    for wrong in ("", "x", "00000000-0000-4000-8000-000000000000"):
        api.call("/lists", token=wrong or "y", expect=401)
    api.http.login()  # a session is no token: a page elsewhere could make the browser use it
    assert api.http.get("/api/v1/lists", Cookie=api.http.cookie).status == 401
    for _ in range(12):
        last = api.http.get("/api/v1/lists", Authorization="Bearer wrong")
    assert last.status == 429
    api.call("/lists")  # the right one still works
    connected.run("staff", "revoke", "robot")
    api.call("/lists", expect=429)
    log = api.http.stop()
    assert api.token not in log


@pytest.mark.slow(1)
def test_api_tokens_have_a_scope_and_an_end(api, connected):
    reader = connected.run("staff", "token", "monitoring", "--expires", "1h").out.strip()
    kept = connected.run("staff", "token", "for-ever", "--expires", "0").out.strip()
    for token in (reader, kept):
        api.call("/lists", token=token)
        for action in ("pause", "resume", "cancel"):
            api.call(f"/issues/1/{action}", "POST", template=f"/issues/{{id}}/{action}", token=token, expect=403)
    listed = {entry["name"]: entry for entry in json.loads(connected.run("staff", "--json").out) if entry["kind"] == "token"}
    assert {name: entry["scope"] for name, entry in listed.items()} == {
        "monitoring": "read", "for-ever": "read", "robot": "read send"}
    assert listed["for-ever"]["expires_at"] is None and listed["robot"]["expires_at"] > listed["monitoring"]["expires_at"]
    assert re.search(r"monitoring +token .* read, ends \d{4}-", connected.run("staff").out)
    connected.sql("UPDATE api_token SET expires_at = ? WHERE name = 'monitoring'", int(time.time()) - 1)
    api.call("/lists", token=reader, expect=401)
    api.call("/lists", token=kept)
    connected.run("staff", "token", "other", "--scope", "all", expect=64)


def test_api_takes_a_body_of_nothing_only(api):
    """A POST without a body needs no type; whatever is sent is bounded."""
    connection = http.client.HTTPConnection("127.0.0.1", api.http.port, timeout=10)
    connection.request("POST", "/api/v1/issues/1/pause", body="x" * 100000,
                       headers={"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"})
    assert connection.getresponse().status == 413
    assert urllib.parse.urlsplit(api.http.url).hostname == "127.0.0.1"


def test_both_end_together(staff):
    http = staff()
    http.login()
    http.stop()
    assert http.process.returncode == 0 and not os.path.exists(f"/proc/{http.process.pid}")
