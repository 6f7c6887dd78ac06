"""Every mail and page in every language: no English is left, no value is missing, and nothing is too wide for a
telephone. Names and contents are Greek letters, so that each Latin word of a page is one that newsletter wrote."""
import calendar
import functools
import glob
import html.parser
import json
import os
import re
import subprocess
import time
import urllib.parse

import pytest
from browser import in_browser, needs_browser
from conftest import PLAIN_BINARY, TOP, html as html_of, link, parse, plain, wait_for
from test_languages import entries
from test_press_room import PNG, Desk
from test_import_pages import upload
from test_staff import StaffServer, configure
from test_webhooks import Target
import mailfeatures
import reports

pytestmark = [pytest.mark.slow, pytest.mark.one_engine("the engine makes no difference")]

LANGUAGES = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(TOP, "po", "*.po")))
OTHER_LETTERS = ("ar", "kk", "ru", "uk", "zh")
RIGHT_TO_LEFT = ("ar",)

# Names that are the same in all languages.
NAMES = {"gmail", "preheader'", "newsletter", "json", "ics", "atom", "rss", "dmarc", "spf", "dkim", "tls", "javascript", "utc", "webcal", "ann",
         "kb", "mb", "pdf", "feed", "podcast", "mp3", "google", "tab", "f8", "wcag", "aa", "web", "axe-core", "bulletin", "ann", "receiver", "inc",
         "certificate-expired", "db", "enterprise", "fastmail", "ltd", "outlook", "pty", "sts", "yahoo", "csv", "en", "kk", "ru", "de",
         "asia", "almaty", "md", "zip", "zip-", "ok", "png", "jpeg", "gif", "words", "https", "address", "api", "api-", "webhook", "list-id",
         "docx", "odt", "html", "libreoffice", "word", "contact", "quay", "bob", "sigma", "delta", "eml", "msg", "qr", "qr-", "bounce"}


@functools.lru_cache(None)
def own_names():
    """The own names of all languages, as one regular expression."""
    return "|".join(["English"] + [entries(os.path.join(TOP, "po", f"{language}.po"))["language", "English", ""][0] for language in LANGUAGES])


# A command is typed as it stands, whatever the language.
COMMAND = re.compile(r"newsletter(?: [a-z]+)+(?: [a-z0-9]+)?(?: --[a-z-]+(?: [A-Z]+)?)*")
MONTHS = {month.lower() for month in calendar.month_name}  # some are the same in other languages

KINDS = ("already-subscribed", "welcome", "preferences", "reconfirmation", "address-change")


class Words(html.parser.HTMLParser):
    """The texts of a page that are in its own language: what is shown, and what is read out."""
    EMPTY = {"meta", "link", "br", "img", "input", "hr", "source", "area", "col", "wbr"}
    READ_OUT = ("aria-label", "title", "alt", "placeholder",
                "data-saved", "data-saving", "data-unsaved", "data-stale", "data-words", "data-line", "data-none",
                "data-dropped", "data-correct", "data-fix", "data-here", "data-nowhere", "data-replaced", "data-elsewhere", "data-remove", "data-shows", "data-label", "data-row", "data-column")  # by a script

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.language = [], [], re.search(r'<html lang="([^"]+)"', text).group(1)
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        shown, inherited = self.open[-1][1:] if self.open else (True, self.language)
        shown = shown and tag not in ("style", "script", "pre", "code")  # which are for machines
        if tag not in self.EMPTY:
            self.open.append((tag, shown, attrs.get("lang", inherited)))
        if self.is_shown():
            self.texts += [attrs[name] for name in self.READ_OUT if attrs.get(name)] if attrs else []
            if tag == "meta" and attrs.get("name") == "description":
                self.texts.append(attrs["content"])

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def is_shown(self):
        return not self.open or (self.open[-1][1] and self.open[-1][2] == self.language)

    def handle_data(self, data):
        if self.is_shown() and data.strip():
            self.texts.append(" ".join(data.split()))


@functools.lru_cache(None)
def shown_in(text):
    """The text that a reader sees, of a page or of plain text. Several tests ask for it, and reading a page takes long."""
    return "\n".join(Words(text).texts) if "<html" in text else text


def words_of(text):
    """The same without addresses, names of files and names of languages."""
    return re.sub(rf"{own_names()}|(https?|webcal)://\S+|\S+@\S+|\b[\w-]+(\.[\w-]+)+\b", " ", shown_in(text))


def latin(text):
    text = re.sub(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", " ", text)  # reference numbers
    return {word.lower() for word in re.findall(r"[A-Za-z][A-Za-z'-]+", text)}


class Everything:
    """Renders all there is, once for each language."""

    def __init__(self, site, server):
        self.links, self.stamps = {}, {}
        self.site, self.server, self.found = site, server, {language: {} for language in ["en"] + LANGUAGES}
        self.target = Target()
        self.arrange()
        self.http = StaffServer(site.folder)
        self.servers = [self.http, StaffServer(site.folder, binary=PLAIN_BINARY)]
        for server in self.servers:
            server.private = server.port
        try:
            assert self.http.login().status == 303
            self.servers[1].cookie = self.http.cookie
            self.css = self.public("GET", "/style.css", "en").text + open(os.path.join(TOP, "templates", "desk.css"), encoding="utf-8").read()
            self.each(self.empty)
            shown = time.monotonic()
            self.send()
            self.each(self.mails)
            time.sleep(max(0, shown + 2.1 - time.monotonic()))  # nobody fills in a form in less
            self.each(self.pages)
            reports.fill(site)
            site.sql("INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, bounced, throttled) VALUES "
                     "('2100-01-01', 'google', '', 5, 3, 1, 1, 1), ('2100-01-01', 'other', '', 2, 2, 0, 0, 0)")
            self.each(self.staff)
            self.each(self.states)
            self.prepare_office()
            self.each(self.approval)
            self.each(self.told)
            self.each(self.segments)
            self.each(self.lists)
            self.each(self.programs)
            self.each(self.bounces)
            self.each(self.files)
        finally:
            for server in self.servers:
                server.stop()
            self.target.shutdown()
            self.target.server_close()

    def each(self, render):
        """With sanitizers, in one language of each direction: the others have other words in the same pages."""
        for language in self.found:
            self.http = self.servers[language not in ("en", *RIGHT_TO_LEFT)]
            render(language)
        self.http = self.servers[0]

    def arrange(self):
        site = self.site
        site.configure(notices={"welcome": True, "goodbye": True}, retry={"first": "1h", "max": "1h"},
                       organisation={"name": "Ωρίων", "imprint": "https://www.example.org/imprint",
                                     "privacy": "https://www.example.org/privacy",
                                     "accessibility": {"reviewed": "2026-11-26"}},
                       contact={"person": "Άλφα", "phone": "+1 202 555 0148", "fax": "+1 202 555 0149",
                                "email": "press@example.org", "web": "https://www.example.org"},
                       forms={"city": {"type": "choice", "label": "Πόλη", "choices": ["Θήβα", "Σπάρτη"]}})
        configure(site)
        site.configure(approval={"lists": "delta=1", "own": "true"}, webhooks={"allow_networks": "127.0.0.0/8"})
        site.configure(archive={"pdf": "weasyprint"}, serve={"url": "https://news.example.org", "joins_per_hour": 100000, "joins_in_total": 100000,
                              "trusted_proxies": "127.0.0.1"}, signing={"key_file": "signing.key"})
        site.run("key", "make")
        site.run("list", "edit", "bulletin", "--title", "Ωμέγα", "--from", "Άλφα <press@example.org>",
                 "--postal-address", "Οδός 1", "--archive-url", "https://www.example.org/archive")
        for name, title in (("sigma", "Σίγμα"), ("delta", "Δέλτα")):
            site.run("list", "add", name, "--title", title, "--from", "Άλφα <press@example.org>",
                     "--subscribe-url", "https://www.example.org/join")
        site.add_active(["bounced@example.org", "later@example.org"])
        self.server.handler.reject.add("bounced@example.org")
        self.server.handler.tempfail.add("later@example.org")

    def people(self):
        """One reader for each language, who also waits for a second list and has left a third; and one who leaves for good."""
        site = self.site
        site.add_active([f"{language}@{domain}" for domain in ("example.org", "example.net") for language in self.found])
        site.sql("UPDATE subscriber SET language = substr(address, 1, 2) WHERE address LIKE '__@%'")
        for number, state in ((2, "pending"), (3, "unsubscribed")):
            site.sql("INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) SELECT ?, id, ?, "
                     "'00000000-0000-4000-8000-0000000' || (10000 * ? + id), 1, 1 FROM subscriber "
                     "WHERE address LIKE '__@example.org'", number, state, number)

    def send(self):
        site = self.site
        site.run("send", "--yes", "--list", "bulletin", site.issue(
            "Κείμενο.\n", name="other.md", title="Άλλος", number="№ 0", category="Ζήτα", series="Ήτα", posted_by="Θήτα"))
        self.people()
        site.write("programme.pdf", b"%PDF-1.4\n%%EOF\n")
        for language in self.found:
            site.issue("\n\n".join(["Κείμενο.", *PASSAGES]) + "\n", name=f"issue.{language}.md", title="Τίτλος", number="№ 1", category="Γάμμα",
                       series="Βήτα", posted_by="Άλφα", attachments=["programme.pdf"],
                       media=[{"title": "Ήχος", "url": "https://www.example.org/sound.mp3"}], slug="issue" if language == "en" else None,
                       events=[{"title": "Γιορτή", "date": "2099-03-21", "until": "2099-03-23", "place": "Θήβα"},
                               {"title": "Ομιλία", "date": "2099-05-04", "time": "10:00", "end": "12:00"}])
        site.run("send", "--yes", "--list", "bulletin", os.path.join(site.folder, "issue.md"))
        site.sql("INSERT INTO address_change (subscriber, address, address_key, requested_at) SELECT id, 'new-' || address, "
                 "'new-' || address, 1 FROM subscriber WHERE address LIKE '__@example.org'")
        for kind, number in [(kind, 1) for kind in KINDS] + [("confirmation", 2), ("goodbye", 3)]:
            site.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) SELECT ?, s.id, 'queued', 1, 1 "
                     "FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE s.list = ? AND "
                     "r.address LIKE '__@example.org'", kind, number)
        site.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) SELECT 'preferences', s.id, "
                 "'queued', 1, 1 FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE r.address LIKE "
                 "'__@example.net'")
        site.run("retry")

        page = self.public("GET", "/archive/bulletin/", "en").text
        self.issue_path = urllib.parse.urljoin("/archive/bulletin/", re.search(r'<h[23]><a href="([^"]+)"', page).group(1))

    def keep(self, language, name, text):
        assert name not in self.found[language]
        self.found[language][name] = text

    def public(self, method, path, language, form=None):
        self.http.port = self.http.public
        return self.http.request(method, path, form=form, headers={  # limits count by network
            "Accept-Language": language, "X-Forwarded-For": f"198.51.{sorted(self.found).index(language)}.1"})

    def page(self, language, name, path, form=None, status=200):
        answer = self.public("GET" if form is None else "POST", path, language, form)
        assert answer.status == status, (name, answer.status, words_of(answer.text))
        self.keep(language, name, answer.text)
        return answer

    def empty(self, language):
        """Before there is anything."""
        for name, path in (("front", "/"), ("archives", "/archive/"), ("archive", "/archive/bulletin/"),
                           ("events", "/archive/bulletin/events/")):
            self.page(language, "empty " + name, path)
        for path in ("/join", "/preferences"):
            page = self.public("GET", path, language).text
            self.stamps[language, path] = re.search(r'name="stamp" value="([^"]+)"', page).group(1)
        for name, path in (("overview", "/"), ("reputation", "/reputation"), ("delivery", "/delivery")):
            self.inside(language, "empty " + name, path)

    def mails(self, language):
        address = f"{language}@example.org"
        raws = [(to, raw) for to in (address, "new-" + address) for raw in self.server.messages(to)]
        assert len(raws) == len(KINDS) + 3, (language, len(raws))
        for number, (to, raw) in enumerate(raws):
            message = parse(raw.split(b"\r\n", 2)[2] if raw.startswith(b"X-") else raw)
            assert message["Content-Language"] == language
            text = f"{message['Subject']}\n{plain(message)}"
            self.keep(language, f"mail {number}", html_of(message))
            self.keep(language, f"mail {number} text", text)
            for word in ("confirm", "page", "address", "unsubscribe", "receipt"):
                for found in re.findall(rf"https://news.example.org(/{word}\?\S+)", plain(message)):
                    self.links.setdefault((language, word), found)
        [_, raw] = self.server.messages(f"{language}@example.net")
        self.links[language, "erase"] = link(parse(raw), "/page?")

    def token(self, language, word):
        return {"token": self.links[language, word].split("token=")[1].split("&")[0]}

    def follow(self, language, word):
        """A page that a link leads to, and what its button does."""
        path, token = self.links[language, word], self.token(language, word)
        self.page(language, word, path)
        self.page(language, word + " done", "/" + word, token)
        self.page(language, word + " again", "/" + word, token, 404 if word == "address" else 200)
        self.page(language, word + " broken", f"/{word}?token=x")

    def own_page(self, language):
        token = self.token(language, "page")
        self.page(language, "receipt", self.links[language, "receipt"])
        self.page(language, "own", self.links[language, "page"])
        for name, status, form in (
                ("saved", 200, {"action": "save", "list": "bulletin", "language": language}),
                ("not saved", 400, {"action": "save", "name": "x" * 300, "language": language}),
                ("no address", 400, {"action": "address", "new_address": "x"}),
                ("not erased", 400, {"action": "erase"})):
            self.page(language, "own " + name, "/page", {**token, **form}, status)
        token = self.token(language, "erase")
        for name, form in (("address asked", {"action": "address", "new_address": f"other-{language}@example.net"}),
                           ("erased", {"action": "erase", "sure": "yes"})):
            self.page(language, "own " + name, "/page", {**token, **form})
        self.page(language, "own broken", "/page?token=x", status=404)

    def pages(self, language):
        for name, path, status in (
                ("front", "/", 200), ("join", "/join", 200), ("join one", "/join?list=bulletin", 200),
                ("ask", "/preferences", 200), ("archives", "/archive/", 200), ("archive", "/archive/bulletin/", 200),
                ("search", "/archive/bulletin/search?q=" + urllib.parse.quote("Κείμενο"), 200),
                ("search nothing", "/archive/bulletin/search?q=" + urllib.parse.quote("Ξ"), 200),
                ("search empty", "/archive/bulletin/search?q=", 200), ("events", "/archive/bulletin/events/", 200),
                ("issue", self.issue_path, 200), ("year", "/archive/bulletin/2026/", 200),
                ("accessibility", "/accessibility/", 200), ("nowhere", "/nowhere", 404)):
            self.page(language, name, path, status=status)
        self.genuine(language)
        address = f"join-{language}@example.org"
        for name, status, form in (
                ("no address", 400, {"email": "x", "list": "bulletin"}), ("no list", 200, {"email": address}),
                ("again", 200, {"email": address, "list": "bulletin"}),
                ("typing error", 200, {"email": f"{language}@gmial.com", "list": "bulletin", "stamp": "x"}),
                ("thanks", 200, {"email": address, "list": "bulletin", "stamp": self.stamps[language, "/join"]}), ("bad", 400, {"email": address, "name": "x" * 300})):
            self.page(language, "join " + name, "/join", {**form, "language": language}, status)
        self.page(language, "ask no address", "/preferences", {"email": "x", "language": language}, 400)
        self.page(language, "ask thanks", "/preferences",
                  {"email": f"x-{language}@example.org", "language": language, "stamp": self.stamps[language, "/preferences"]})
        for word in ("confirm", "unsubscribe"):
            self.follow(language, word)
        self.page(language, "resubscribed", "/resubscribe", self.token(language, "unsubscribe"))
        self.own_page(language)
        self.follow(language, "address")

    def genuine(self, language):
        """The page that says whether a bulletin is ours, with each of its answers."""
        first, second, third, fourth = (passage.replace("{{name|αναγνώστη}}", "αναγνώστη") for passage in PASSAGES)
        seven = second.replace("εννέα", "επτά")
        mail = (f"From: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{second}\n\n{third}\n\n{fourth}\n"
                "--b\nContent-Type: application/zip; name=α.zip\n\nx\n--b--\n")
        number = self.site.sql("SELECT reference FROM issue_note WHERE language = 'ru'")[0][0]
        for name, form in (("empty", {}), ("ours", {"text": f"Ωραίο είναι αυτό.\n\nΚείμενο.\n\n{first}\n\n{second}\n\n{third}\n\n{fourth}"}),
                           ("changed", {"text": f"{first}\n\n{seven}\n\n{third}\n\nΚαι κάτι άλλο.\n\n{fourth}"}),
                           ("missing", {"text": f"{second}\n\n{fourth}"}), ("moved", {"text": f"{third}\n\n{second}\n\n{fourth}"}),
                           ("file", {"text": mail}), ("unknown", {"text": "Αυτό δεν το έχει γράψει κανένας από εμάς ποτέ."}),
                           ("named", {"text": f"Αυτό δεν το έχει γράψει κανένας από εμάς ποτέ.\n{number}"}),
                           ("number", {"number": number}), ("no number", {"number": "0000"})):
            self.page(language, "genuine " + name, "/genuine", {**form, "language": language})

    def inside(self, language, name, path, form=None, status=200):
        """A page of the dashboard."""
        self.http.port = self.http.private
        answer = self.http.request("GET" if form is None else "POST", path, form=form, headers={
            "Accept-Language": language, "Cookie": self.http.cookie})
        assert answer.status == status, (name, answer.status, words_of(answer.text))
        self.keep(language, "staff " + name, answer.text)
        return answer.text

    def staff(self, language):
        self.site.sql("UPDATE delivery SET reply_text = 'Όχι' WHERE reply_text IS NOT NULL")
        self.site.sql("UPDATE event SET detail = 'Όχι' WHERE detail IS NOT NULL")  # words of servers, too
        self.http.port = self.http.private
        for name, form in (("login", None), ("refused", {"name": "ann", "password": "x" + language})):
            answer = self.http.request("GET" if form is None else "POST", "/login", form=form, headers={"Accept-Language": language})
            self.keep(language, "staff " + name, answer.text)
        page = self.inside(language, "overview", "/")
        csrf = {"csrf": re.search(r'name="csrf" value="([^"]+)"', page).group(1)}
        self.inside(language, "issue", "/issue/2")
        self.inside(language, "first issue", "/issue/1")
        self.inside(language, "issue again", "/issue/1/again?state=unknown")
        self.inside(language, "reputation", "/reputation")
        self.inside(language, "delivery", "/delivery")
        self.site.sql("UPDATE staff SET role = 'administrator'")
        somebody = self.site.sql("SELECT min(r.id) FROM delivery d JOIN subscription s ON s.id = d.subscription "
                                 "JOIN subscriber r ON r.id = s.subscriber WHERE d.state = 'sent' AND "
                                 "r.address LIKE '%@%' AND r.id NOT IN (SELECT s.subscriber FROM bounce b JOIN subscription s ON "
                                 "s.id = b.subscription)")[0][0]
        self.inside(language, "account", "/account")
        self.inside(language, "accounts", "/accounts")
        self.inside(language, "nothing noted", "/audit?q=xyzzy")
        self.inside(language, "nobody", "/people?q=xyzzy")
        self.inside(language, "people", "/people")
        for word in ("active", "pending", "already", "left", "suppressed", "erased", "soon", "saved", "ended", "blocked", "lifted",
                     "forgotten"):
            self.inside(language, "person " + word, f"/people/{somebody}?done={word}")
        self.site.sql("INSERT INTO suppression (address_key, reason, since) SELECT address_key, 'Όχι', 1 FROM subscriber WHERE id = ?",
                      somebody)
        self.inside(language, "suppressions", "/suppressions")
        self.inside(language, "no suppressions", "/suppressions?after=zzz")
        for kind in ("subscribed", "imported", "edited", "preferences", "preferences-asked", "address-change-asked", "address-changed",
                     "suppressed", "unsuppressed"):
            self.site.sql("INSERT INTO event (at, kind, subscriber, detail) VALUES (1, ?, ?, 'Όχι')", kind, somebody)
        state = self.site.sql("SELECT state FROM subscription WHERE subscriber = ?", somebody)[0][0]
        self.site.sql("UPDATE subscription SET state = 'pending', consent_version = 'Όχι' WHERE subscriber = ?", somebody)
        self.site.sql("INSERT INTO attempt (delivery, at, state, reply_text) SELECT max(d.id), 1, 'deferred', 'Όχι' FROM delivery d "
                      "JOIN subscription s ON s.id = d.subscription WHERE s.subscriber = ?", somebody)
        self.inside(language, "suppressed person", f"/people/{somebody}")
        self.inside(language, "person stale", f"/people/{somebody}", {"action": "save", **csrf}, 409)
        self.inside(language, "account not removed", "/accounts", {"action": "remove", "name": "ann", **csrf}, 400)
        self.site.sql("UPDATE subscription SET state = ?, consent_version = NULL WHERE subscriber = ?", state, somebody)
        self.site.sql("DELETE FROM event WHERE at = 1")
        self.site.sql("DELETE FROM suppression WHERE reason = 'Όχι'")
        self.desk(language, csrf)
        self.inside(language, "expired", "/issue/2", {"action": "pause", "csrf": "x"}, 403)
        self.inside(language, "impossible", "/issue/2", {"action": "resume", **csrf}, 409)
        self.inside(language, "not cancelled", "/issue/2", {"action": "cancel", **csrf}, 400)
        self.keep(language, "report", self.site.run("report", "issue", "--html", "--language", language).out)
        self.keep(language, "reports", self.site.run("report", "--html", "--language", language).out)

    def desk(self, language, csrf):
        """A draft, from its beginning to its end."""
        def press(path, **form):
            answer = self.http.request("POST", path, form={**csrf, "text": "en", **form}, headers={"Cookie": self.http.cookie})
            assert answer.status == 303, words_of(answer.text)
            return urllib.parse.urlsplit(answer.getheader("Location")).path

        self.inside(language, "no drafts", "/drafts")
        kept = {"action": "save", "name": "Ψ", "source": "Άλφα", "language": "en", "list": ""}
        for kind in ("snippet", "template"):
            assert press("/boilerplates", kind=kind, **kept).endswith("/boilerplates")
        numbers = re.findall(r'href="(/boilerplates/\d+)"', self.inside(language, "boilerplates", "/boilerplates?done=1"))
        self.inside(language, "boilerplate", numbers[0])
        self.inside(language, "templates", "/drafts")
        path = press("/drafts", how="new", title="Ψ", list="bulletin")
        draft = Desk(self.http, path)
        fields = {"title": "Ψ", "date": "2026-08-25", "revision": draft.revision()}
        press(path, action="save", body="![](missing.png)\r\n", **fields)
        self.inside(language, "draft with an error", path)
        self.inside(language, "preview of an error", path + "/preview?text=en")
        self.inside(language, "not ready", path + "/send")
        self.inside(language, "stale", path, {**csrf, "text": "en", "action": "save", "body": "Χ", **fields}, 409)
        fields["revision"] = draft.revision()
        faults = "\r\n\r\n[](https://www.example.org/)\r\n\r\n| Α | |\r\n|---|---|\r\n| 1 | 2 |\r\n"
        press(path, action="keep", body="# Άλφα" + faults, **fields)
        draft.upload("attachment", "programme.csv", b"a,b\n")
        draft.upload("picture", "quay.png", PNG, alt="Ψ")
        self.inside(language, "left out", path + "?" + "&".join(f"{kind}=1" for kind in (
            "active", "form", "picture", "object", "comment", "deleted", "link", "emphasis", "cell", "hidden")))
        self.inside(language, "library", "/library?into=" + path.split("/")[-1])
        self.inside(language, "empty library", "/library?q=nothing-of-that-name")
        base = json.loads(draft.page("/here?text=en").text)
        both = {**fields, "revision": base["revision"], "base": base["base"], "body": "Α\r\n"}
        press(path, action="save", **both)
        self.inside(language, "both", path, {**csrf, "text": "en", "action": "save", **both, "body": "Β\r\n"}, 409)
        press(path, action="language", language="kk")
        self.inside(language, "draft", path)
        press(path, action="remove-language", text="en", sure="yes")
        self.inside(language, "draft without its first language", path)
        press(path, action="language", text="kk", language="en")
        press(path, action="remove-language", text="kk", sure="yes")
        fields["revision"] = draft.revision()
        press(path, action="save", body="Άλφα\r\n", **fields)
        self.inside(language, "good draft", path)
        versions = re.findall(r"version=(\d+)", self.inside(language, "versions", path + "/history?text=en"))
        self.inside(language, "version", f"{path}/history?text=en&version={versions[-1]}")
        self.inside(language, "same versions", f"{path}/history?text=en&version={versions[-1]}&with={versions[-1]}")
        press(path + "/send", action="test", address=f"boss-{language}@example.com")
        wait_for(lambda: f"boss-{language}@" in draft.page("/send").text)
        page = self.inside(language, "ready", path + "/send")
        asked = {"action": "send", "digest": re.search(r'name="digest" value="(\w+)"', page).group(1)}
        self.inside(language, "no time", path + "/send", {**csrf, **asked}, 422)
        self.inside(language, "not sure", path + "/send", {**csrf, **asked, "when": "now"}, 422)
        issue = press(path + "/send", when="later", at="2036-12-01T09:00", zone="Asia/Almaty", sure="yes", **asked)
        self.inside(language, "planned draft", path)
        self.inside(language, "planned issue", issue)
        self.inside(language, "drafts", "/drafts")
        self.inside(language, "calendar", "/calendar?month=2036-12&moved=1")
        self.inside(language, "empty calendar", "/calendar?month=2035-01")
        press(issue, action="cancel", sure="yes")
        press(path, action="remove", sure="yes")
        for number in numbers:
            press(number, action="remove", sure="yes")

    def states(self, language):
        for state in ("draft", "scheduled", "paused", "cancelled", "sent"):
            self.site.sql("UPDATE issue SET state = ? WHERE id = 2", state)
            self.inside(language, "issue " + state, "/issue/2")
        self.inside(language, "issue report", "/issue/2/report")
        self.inside(language, "rest of an audience", "/issue/2/rest")
        self.canaries(language)
        self.site.sql("INSERT INTO subscriber (uuid, address, address_key, created_at) VALUES (?, 'x@none.example', 'x@none.example', 1)", language)
        (nobody,), = self.site.sql("SELECT id FROM subscriber WHERE address = 'x@none.example'")
        self.inside(language, "no receipt", f"/people/{nobody}/receipt")
        self.site.sql("DELETE FROM subscriber WHERE id = ?", nobody)

    def canaries(self, language):
        """A canary in each state of its issue, with all that may be found."""
        seeds = [{"address": "a@seed.example", **facts} for facts in (
            {"state": "sent", "place": "inbox"}, {"state": "sent", "place": "junk", "folder": "J"}, {"state": "sent", "place": "elsewhere"},
            {"state": "failed"}, {"state": "sent", "problem": "Όχι"}, {"state": "sent"}, {"state": "new"})]
        said = [["%s: the copy is in the junk folder (%s)", "α", "β"], ["%s: %s does not pass there (%s says %s=%s)", *"αβγδε"],
                ["%s: its mailbox could not be read", "α"], ["%s: the copy could not be sent", "α"], ["%s: the copy is not there yet", "α"],
                ["%s: the copy did not arrive within %lld s", "α", "7"],
                *([f"%lld of the %lld people of the sample were {what}, more than %lld%%", "3", "4", "5"] for what in ("refused", "deferred"))]
        facts = {"seeds": seeds, "findings": ["x"] * len(said), "said": [[one] for one in said],
                 "sample": {"people": 9, "sent": 4, "deferred": 3, "refused": 2, "unknown": 0}}
        self.site.sql("INSERT INTO canary (issue, share, people, state, token, facts) VALUES (2, 100, 0, 'waiting', 't', ?)",
                      json.dumps(facts, ensure_ascii=False))
        for issue, state, until in (("scheduled", "waiting", None), ("sending", "waiting", None), ("sending", "waiting", 4000000000),
                                    ("paused", "paused", 1), ("sending", "passed", 1), ("sending", "overruled", 1), ("cancelled", "waiting", 1)):
            self.site.sql("UPDATE issue SET state = ? WHERE id = 2", issue)
            self.site.sql("UPDATE canary SET state = ?, look_until = ?", state, until)
            self.inside(language, f"canary {issue} {state} {until}", "/issue/2")
        self.site.sql("DELETE FROM canary")
        self.site.sql("UPDATE issue SET state = 'sent' WHERE id = 2")


    # Pages that the others do not need: people who approve, segments, lists, programs, and mail that came back.

    def prepare_office(self):
        site = self.site
        site.sql("INSERT INTO staff (name, password, created_at, role) SELECT 'bob', password, 1, 'sender' FROM staff")
        site.run("segment", "add", "kk", "email is known")
        relay = site.settings["smtp"]
        site.sql("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", f"relay pace {relay['host']}:{relay['port']}",
                 f"1 1 1 0 {int(time.time())}")
        self.csrf = {"csrf": re.search(r'name="csrf" value="([^"]+)"', self.http.page("/").text).group(1)}

    def press(self, path, status=303, **form):
        answer = self.http.post(path, {**self.csrf, **form}, Cookie=self.http.cookie)
        assert answer.status == status, (path, form, words_of(answer.text))
        return answer

    def mail_to_bob(self, language, name, do):
        """A mail to staff is in the language of its list."""
        address = f"bob-{name}-{language}@example.org"
        self.site.sql("DELETE FROM staff_mail")  # each is sent once, and the languages share their numbers
        self.site.sql("UPDATE staff SET address = ? WHERE name = 'bob'", address)
        self.site.sql("UPDATE list SET language = ?", language)
        do()
        wait_for(lambda: self.server.messages(address))
        self.site.sql("UPDATE list SET language = 'en'")
        [raw] = self.server.messages(address)
        message = parse(raw.split(b"\r\n", 2)[2] if raw.startswith(b"X-") else raw)
        self.keep(language, "told " + name, f"{message['Subject']}\n{plain(message)}")

    def approval(self, language):
        answer = self.press("/drafts", text="en", how="new", title="Ψ", list="delta")
        path = urllib.parse.urlsplit(answer.getheader("Location")).path
        draft = Desk(self.http, path)

        def save(body):
            self.press(path, text="en", action="save", title="Ψ", date="2026-08-25", revision=draft.revision(), body=body)

        def say(action, **form):
            seal = re.search(r'name="seal" value="(\w+)"', draft.page("/approval").text)
            self.press(path + "/approval", text="en", action=action, seal=seal.group(1) if seal else "", **form)

        def ask():
            say("ask", words="Ρω")
            self.site.sql("UPDATE approval SET asked_by = 'bob' WHERE state = 'open'")

        save("Άλφα.\r\n\r\nΒήτα.\r\n")
        self.inside(language, "not approved", path + "/send")
        self.inside(language, "nobody asked", path + "/approval")
        self.inside(language, "draft to ask for", path)
        self.mail_to_bob(language, "ask", ask)
        say("comment", passage="Βήτα", words="Ταυ")
        self.inside(language, "asked", path + "/approval")
        self.inside(language, "draft asked for", path)
        self.mail_to_bob(language, "return", lambda: say("return", words="Ταυ"))
        self.inside(language, "returned", path + "/approval")
        self.site.sql("UPDATE staff SET address = NULL")
        ask()
        self.mail_to_bob(language, "approve", lambda: say("approve"))
        self.inside(language, "approved", path + "/approval")
        save("Άλφα.\r\n\r\nΓάμμα.\r\n")
        self.inside(language, "withdrawn", path + "/approval")
        self.press(path, text="en", action="remove", sure="yes")

    def told(self, language):
        """The end of an issue, and that sending has stopped."""
        def state(word, note):
            self.site.sql("UPDATE issue SET state = ?, pause_note = ? WHERE id = 2", word, note)
            self.site.run("retry")

        self.site.sql("INSERT INTO issue_sender (issue, account) VALUES (2, 'bob')")
        self.mail_to_bob(language, "done", lambda: state("sent", None))
        self.mail_to_bob(language, "stuck", lambda: state("paused", "Όχι"))
        self.site.sql("UPDATE issue SET state = 'sent', pause_note = NULL WHERE id = 2")
        self.site.sql("DELETE FROM issue_sender")
        self.site.sql("UPDATE staff SET address = NULL")

    def segments(self, language):
        self.inside(language, "segments", "/segments?done=saved")
        self.inside(language, "segment", "/segments?name=kk")
        self.inside(language, "rich segment", "/segments?where=" + urllib.parse.quote('not (language = "kk" or name is known)'))
        answer = self.press("/drafts", text="en", how="new", title="Ψ", list="bulletin")
        path = urllib.parse.urlsplit(answer.getheader("Location")).path
        self.press(path, text="en", action="save", title="Ψ", date="2026-08-25", revision=Desk(self.http, path).revision(), body="Άλφα.")
        self.inside(language, "send to a segment", path + "/send?segment=kk")
        self.press(path, text="en", action="remove", sure="yes")

    def lists(self, language):
        self.inside(language, "lists", "/lists?done=1")
        self.inside(language, "list", "/lists/delta")
        self.inside(language, "people asked again", "/lists/bulletin/again?done=1")
        self.inside(language, "months are no number", "/lists/bulletin/again?months=x", None, 422)
        self.inside(language, "nobody asked for a renewal", "/lists/bulletin/again", self.csrf, 422)
        self.inside(language, "list stale", "/lists/delta", {
            **self.csrf, "action": "save", "revision": "x", "title": "Δέλτα", "from": "press@example.org"}, 409)
        self.inside(language, "list not removed", "/lists/delta", {**self.csrf, "action": "remove", "sure": "x"}, 400)
        self.inside(language, "address saved", "/account", {**self.csrf, "action": "address", "address": ""})

    def programs(self, language):
        """Tokens and webhooks."""
        self.inside(language, "no tokens", "/tokens")
        made = {**self.csrf, "action": "add", "name": "receiver"}
        self.inside(language, "token", "/tokens", {**made, "days": "30"})
        self.press("/tokens", action="end", name="receiver")
        self.inside(language, "no webhooks", "/webhooks?done=1")
        self.inside(language, "webhook made", "/webhooks", {**made, "url": self.target.url})
        self.inside(language, "webhook not called", "/webhooks/receiver")
        self.inside(language, "webhook tested", "/webhooks/receiver", {**self.csrf, "action": "test"})
        self.target.answer = 500
        self.inside(language, "webhook failed", "/webhooks/receiver", {**self.csrf, "action": "test"})
        self.target.answer = 204
        self.press("/webhooks/receiver", action="off")
        self.site.sql("UPDATE webhook SET failing_since = 1, trouble = 'x'")
        self.inside(language, "webhooks", "/webhooks")
        self.press("/webhooks/receiver", action="remove")
        if language == "en":
            self.site.run("message", "send", "ψ@example.org", "--list", "bulletin", "--template", "plain", "--set", "subject=Ω", "--set", "text=Ψ",
                          "--queue")
            self.site.sql("UPDATE transactional SET asked_by = 'Ψ', template = 'Ω'")
        self.inside(language, "messages", "/messages?done=1")
        self.site.sql("UPDATE issue SET archive = 'unlisted' WHERE id = 1")
        self.inside(language, "issue not in the archive", "/issue/1")
        self.site.sql("UPDATE issue SET archive = 'public' WHERE id = 1")
        self.inside(language, "issue in the archive", "/issue/1")

    def files(self, language):
        """Imports and exports, in each of their states."""
        if language == "en":
            table = ",".join(["Άλφα"] + [f"Β{number}" for number in range(100)]) + "\nψ@example.org" + "," * 100 + "\n"
            at = upload(self.http, table, file="Ω.csv")
            self.imported = int(at.split("/")[-1])
            self.press(at, action="start", c0="email", way="consent", consent="Ψ", list="bulletin")
            wait_for(lambda: self.site.sql("SELECT state FROM task WHERE id = ?", self.imported) == [("done",)])
            self.site.sql("INSERT INTO task_part (task, file, content) VALUES (?, 'upload', ?)", self.imported, table.encode())
            self.press("/exports", list="bulletin")
            wait_for(lambda: self.site.sql("SELECT state FROM task ORDER BY id DESC LIMIT 1") == [("done",)])
            self.site.sql("INSERT INTO task (kind, state, started_by, door, name, options, size, created_at, rows_read, rejected, taken, tries, "
                          "cancel, tally, undo, result) SELECT 'import', 'cancelled', 'ann', 'api', 'Ω.csv', '{}', 1, 1, 0, 0, 0, 0, 0, '', '', "
                          "'{}' FROM event LIMIT 40")
        page = f"/imports/{self.imported}"
        self.inside(language, "imports", "/imports")
        self.inside(language, "older imports", "/imports?before=3")
        self.inside(language, "exports", "/exports")
        for state in ("open", "waiting", "running", "tried", "failed", "cancelled", "undoing", "undone", "ready"):
            self.site.sql("UPDATE task SET state = ?, rejected = 1, undo = '1 1 1 1', ended_at = 1 WHERE id = ?", state, self.imported)
            self.inside(language, "import " + state, page)
        self.site.sql("UPDATE task SET state = 'done', result = ?, ended_at = 4000000000 WHERE id = ?", json.dumps({"ignored": "Β"}), self.imported)
        self.inside(language, "import done", page)
        self.inside(language, "import not undone", page, {**self.csrf, "action": "undo"}, 400)
        self.site.sql("UPDATE task SET state = 'ready' WHERE id = ?", self.imported)

    def bounces(self, language):
        if language == "en":
            self.site.run("bounce", stdin=b"From: x@example.net\r\nSubject: x\r\n\r\n" + b"words\r\n" * 10000, expect=None)
        kept = self.site.sql("SELECT max(id) FROM returned WHERE message IS NOT NULL")[0][0]
        self.inside(language, "bounce", f"/bounces/{kept}")
        self.site.sql("WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 201) INSERT INTO returned "
                      "(digest, at, kind, message) SELECT CAST('copy ' || n AS BLOB), 1, 'unknown', x'78' FROM number")
        self.inside(language, "bounces", "/bounces?done=read")
        self.site.sql("DELETE FROM returned WHERE at = 1")


# Paragraphs of the issue that tests send, with a place that differs between readers.
PASSAGES = ["Αγαπητέ {{name|αναγνώστη}}, σας γράφουμε για το πρώτο πλοίο του νέου έτους.",
            "Το πρώτο πλοίο φεύγει τη Δευτέρα στις εννέα το πρωί από τη νέα προβλήτα του λιμανιού.",
            "Ο λιμενάρχης ευχαριστεί όλους τους εθελοντές που έβαψαν την προβλήτα τις τελευταίες εβδομάδες.",
            "Τα εισιτήρια πωλούνται στο γραφείο δίπλα στον φάρο κάθε μέρα από τις οκτώ ως τις έξι."]
RENDERED = {}


@pytest.fixture
def everything(connected, server):
    if not RENDERED:
        made = Everything(connected, server)
        RENDERED.update(found=made.found, css=made.css)
    return RENDERED["found"]


def english(tmp_path):
    """The texts that have translations, as (context, text, text for several)."""
    subprocess.run([os.path.join(TOP, "tools", "messages"), "--list", str(tmp_path / "all.pot")], check=True)
    return [key for key in entries(str(tmp_path / "all.pot"))]


def test_no_english_is_left(everything):
    """In languages of other letters each Latin word counts, in the others the words of our English texts."""
    ours = latin("\n".join(words_of(text) for text in everything["en"].values())) - MONTHS
    left = {}
    for language in LANGUAGES:
        with open(os.path.join(TOP, "po", language + ".po"), encoding="utf-8") as catalog:
            own = latin("".join(re.findall(r'^msgstr.*\n(?:".*\n)*', catalog.read(), re.M)))
        for name, text in everything[language].items():
            words = latin(COMMAND.sub(" ", words_of(text))) - NAMES
            words = words if language in OTHER_LETTERS else {word for word in words & ours if len(word) > 3} - own
            if words:
                left.setdefault(language, {})[name] = sorted(words)
    assert not left, json.dumps(left, ensure_ascii=False, indent=0)


def test_no_value_is_missing(everything):
    for language, texts in everything.items():
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        for name, text in texts.items():
            shown = words_of(text)
            assert "{{" not in shown and "||" not in shown and not re.search(r"[^.]\.\.(?!\.)", shown), (language, name)
            assert "<html" not in text or f'<html lang="{language}" dir="{direction}">' in text, (language, name)


def test_names_keep_their_direction(everything):
    """Greek letters within Arabic ones stand between isolates."""
    subjects = [text.split("\n")[0] for name, text in everything["ar"].items() if name.endswith(" text")]
    assert len(subjects) == len(KINDS) + 3
    assert all("\u2068" in subject for subject in subjects if "Ωμέγα" in subject and "№" not in subject)
    assert "\u2068+1 202 555 0148\u2069" in "".join(everything["ar"].values())
    assert "\u2068" not in "".join(everything["ru"].values())


# Only a state that is hard to bring about has these, or an installation whose organisation has no name.
RARE = {
    # a list of more than 10,000 people: test_reconfirm
    "This many are asked at once, those subscribed longest first:",
    # a photo of a printed bulletin: test_photo
    "There is no code in this photo that can be read. Take it from straight above, in good light, or type the number.",
    "The code in this photo leads to another place than our website. It is not ours.",
    "This photo cannot be read. Use a JPEG or PNG of ordinary size.",
    "This mail cannot be read. Save it as .eml, or paste its text.",
    "Many people are asking just now. Please try again in a minute.",
    # an issue with two subjects: test_subjects; one that has not reached some, who may have left: test_resend
    "Two subjects", "Left the list", "Choose this subject:", "People who wait for the decision:",
    "The better subject is chosen automatically when the time has come.",
    "Send it to them again",
    "Some of them may have received it already: sending ended before their server answered.",
    # a receipt of somebody whose address of the network is recorded, or whom the office has added: test_receipts
    "IP address", "Text of the form that you filled in", "Stated when you were added",
    "At least {{count}} issues found", "Last complaint", "Or write to us and we will add you:",
    "Mailing list", "Please log in.", "Preparing: {{made}} of about {{about}}",
    "less than a minute",
    # an issue with a second subject, limits of the configuration, other issues of the list, no program for PDFs: test_sending_room
    "An issue of this list goes out before it, on {{moment}}:",
    "An issue of this list is paused and has not reached everybody:",
    "An issue of this list is planned for later, on {{moment}}:",
    "At most {{per_second}} messages go out per second.",
    "Embargo: readers get it now, with the line that it is not for publication before {{moment}}.",
    "An issue has stopped by itself:",
    "People who do not get it, since their addresses are suppressed: {{people}}",
    # an hour without a message: test_sender_mail
    "Sending makes no progress: {{title}}",
    "Nothing has gone out for an hour or more. No recipient is lost: the rest waits, and goes on by itself as soon as the mail server takes mail.",
    "Ask the people who run the mail server to look at it. This page shows how it goes on:",
    "Better is the one with",
    "Messages of other issues that go out first: {{messages}}",
    "Minutes until the others get the better one",
    "No program for PDFs is set up here. Print the page instead: browsers can save that as PDF.",
    "Providers with a limit of their own: {{count}}",
    "Quiet hours: nothing goes out before {{moment}}.",
    "Proof group",
    "The address is being warmed up: {{left}} more messages go out on that day, the others on the days after it.",
    "They get it now, as it was composed for the others. Nobody gets it twice.",
    "Tested on this percentage of the readers",
    "Deferred mail is waiting: nothing has sent it for an hour or more. Tell the administrator that newsletter retry does not run.",
    "fewer unsubscriptions",
    "more replies",
    "To keep robots out, this form asks your browser to do a small calculation, which needs JavaScript. Please turn it on "
    "for this page and reload it.",
    "Too many requests at the moment. Please try again later.",
    "This PDF is still being made. Please try again in a minute.",
    # what a key of the browser's brings about: test_passkeys
    "From now on, you can log in with this passkey.",
    "Log in with a passkey",
    "The passkey is removed.",
    "This passkey cannot be used.",
    # for events that somebody has written into a file, with a comment: test_desk_fields
    "They are in the further settings, below the text.",
    # what an identity provider brings about: test_openid
    "Log in with",
    "The identity provider does not answer as it should. Please try again later.",
    "The identity provider has not let you in here.",
    "You are logged in.",
    # before lines of a text that is compared, which is left out here
    "Removed:",
    # passwords and codes take long to check, and the log's rows are the same in each language: test_accounts, test_people_pages
    "A password has at least 12 characters.",
    "Action",
    "After your password, you are asked for a code from your telephone.",
    "All other sessions have ended.",
    "Begin again",
    "Code from your telephone, or a recovery code",
    "End this session",
    "From where",
    "More subscribers",
    "More addresses",
    "Nothing has been sent yet.",
    "Object",
    "Older entries are in the file with all data.",
    "Please log in again.",
    "Recovery codes",
    "Returned mail",
    "Scan this picture with the authenticator app on your telephone, or type the letters into it.",
    "Switch the second step off",
    "Switch the second step on",
    "The code that it shows now",
    "The second step is off.",
    "The second step is on.",
    "The session has ended.",
    "The two new passwords differ. Nothing was changed.",
    "This code is wrong or has been used.",
    "This code is wrong. Nothing was changed.",
    "Waits for the confirmation of a new address:",
    "Your password is changed. All other sessions have ended.",
    "Your password is wrong. Nothing was changed.",
    "Keep these codes where you find them without your telephone. "
    "Each works once, in place of a code. They are not shown again.",
}


def of_errors():
    """Texts by which services refuse something or a check finds it: test_refusals_shown.py, test_desk_fixes.py and test_canary_page.py see them on pages,
    with values put in."""
    told = set()
    tellers = r"(?:nl_error_set|nl_error_context|end_as_failed|nl_findings_add\w*|nl_columns_note|\bfind(?:_why)?)"
    for path in glob.glob(os.path.join(TOP, "src", "**", "*.c"), recursive=True):
        with open(path, encoding="utf-8") as source:
            text_of_file = source.read()
        calls = [text_of_file] if os.path.basename(path).startswith("check") else re.findall(tellers + r'\((?:[^;"]|"(?:[^"\\]|\\.)*")*;', text_of_file)
        for call in calls:
            for text in re.findall(r'NL_TEXT\(((?:\s*"(?:[^"\\]|\\.)*")+)\s*\)', call):
                told.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)))
    return told


def test_everything_was_shown(everything, tmp_path):
    """Each English text is on one of the pages, so that the tests above have seen its translations. Refusals are tested apart."""
    refusals = of_errors()
    shown = " ".join(" ".join(shown_in(text) for text in everything["en"].values()).split())
    unseen = [one for context, one, many in english(tmp_path) if context not in ("date", "calendar", "number", "reason", "error") and one not in refusals and not any(
        re.search(re.sub(r"(\\{)+.*?(\\})+", ".{1,60}", re.escape(text)), shown) for text in (one, many) if text)]
    assert set(unseen) == RARE, "\n".join(set(unseen) - RARE)


BOX = re.compile(r'<(button|label|legend|h1|h2|h3|a class="(?:nl-)?button"|option|th)\b[^>]*>(.*?)<', re.S)


@needs_browser
def test_everything_fits_a_telephone(everything):
    """Buttons, fields and labels keep within their boxes, and pages within the screen, at 375 pixels."""
    pages, seen = [], set()
    for language, texts in everything.items():
        for name, text in texts.items():
            boxes = {(language, *found) for found in BOX.findall(text)} if "<html" in text else set()
            if boxes - seen:  # pages have much in common
                pages.append({"name": f"{language} {name}", "html": text})
            seen |= boxes
    wide = '<!DOCTYPE html><html lang="en"><title>x</title><link rel="stylesheet" href="x.css"><button style="width:400px">x</button></html>'
    pages.insert(0, {"name": "wide", "html": wide})
    first, *found = in_browser("fit.cjs", {"style": RENDERED["css"], "pages": pages}, timeout=300)
    assert first.startswith("wide: ")  # it would tell
    found = [one for one in found if not one.startswith("wide: ")]
    assert not found, "\n".join(found)


def mails_of(everything, language):
    return [text for name, text in everything[language].items() if name.startswith("mail ") and "<html" in text]


@needs_browser
def test_all_mails_are_accessible(everything):
    """axe-core objects to none of the mails that newsletter writes. A language changes words and sides, no colours:
    dark screens are examined in one of each direction."""
    groups = [{"name": language, "mails": mails_of(everything, language),
               "schemes": ["light", "dark"] if language in ("en", "ar") else ["light"]} for language in everything]
    assert {len(group["mails"]) for group in groups} == {len(KINDS) + 3}
    pale = [text.replace("color:#222222", "color:#eeeeee") for text in groups[0]["mails"]]
    groups.insert(0, {"name": "pale", "mails": pale, "schemes": ["light"]})
    first, *found = in_browser("mails.cjs", groups, timeout=300)
    assert first["name"] == "pale" and first["violations"][0]["id"] == "color-contrast"  # it would tell
    assert not found, json.dumps(found, indent=1)[:8000]


def test_mail_programs_know_what_all_mails_use(everything):
    degrades, unknown = mailfeatures.written()
    used = set().union(*(mailfeatures.Uses(text).found for language in ("en", "ar") for text in mails_of(everything, language)))
    lacking = {feature for feature in used & set(mailfeatures.features()) if mailfeatures.without(feature)}
    assert not lacking - set(degrades), lacking - set(degrades)
    assert used - set(mailfeatures.features()) <= unknown


SHOWN = re.compile(r'(?:aria-label|title|alt|placeholder)="([^"]*)"|>([^<]*)<')


@pytest.mark.parametrize("path", sorted(glob.glob(os.path.join(TOP, "templates", "*.html"))), ids=os.path.basename)
def test_templates_mark_their_texts(path):
    """Words outside of {{#_}} would be English in all languages."""
    if os.path.basename(path) == "preview.html":
        return  # for the author of an issue, who works with English commands
    with open(path, encoding="utf-8") as template:
        text = re.sub(r"{{!.*?}}|<!--.*?-->|<code.*?</code>|\S+@example\.org|https://example\.org[\w/]*|<style>.*?</style>|{{#_}}.*?{{/_}}|{{.*?}}+|&\w+;", " ", template.read(), flags=re.S)
    words = {word for found in SHOWN.findall(">" + text + "<") for word in latin(" ".join(found))}
    assert words <= NAMES, path
