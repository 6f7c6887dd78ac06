"""Why something was refused is told on staff's pages in the language of the page: a service's errors keep their format,
and the page looks it up. English stays in answers of the API, on the command line and in the journal."""
import csv
import html
import io
import re
import zipfile

import pytest
from conftest import wait_for
from test_import_pages import csrf_of, form_of, multipart, send, upload
from test_press_room import Desk, FIELDS, PNG
from test_staff import dashboard, staff  # noqa: F401

SCRIPTS = {"ru": "[\u0400-\u04ff]", "ar": "[\u0600-\u06ff]", "en": "[A-Za-z]"}

# Names that are the same in every language: of formats, of programs, of fields, and of what people have written.
SAME = set("unsubscribed active RCPT JSON consent at PNG JPEG GIF CSV UTF zip IP List Id IANA UTC Asia Almaty Markdown MB md email http name Word Excel docx odt LibreOffice "
           "example org news ann en kk ru has in is and or known unknown bulletin people csv exe png days ago PIN read issues send admin "
           "KEY windows eve timezone".split())


def left_in_english(text):
    """Words of a translated text that stand in Latin letters and are no names. Values of people stand in quotation marks."""
    return [word for word in re.findall(r"[A-Za-z]{2,}", re.sub("«[^»]*»|\"[^\"]*\"", "", text)) if word not in SAME]


def told(answer):
    """The problems that a page tells."""
    found = re.findall(r'<p role="alert"(?: data-\w+)?>(.*?)</p>', answer.text, re.S)
    return [html.unescape(re.sub("<[^>]+>", "", text)).strip() for text in found]


class Office:
    """Somebody at the dashboard, in one language. `refused` collects what the pages tell."""

    def __init__(self, http, language):
        self.http, self.language = http, language
        self.english = http.cookie
        http.cookie += f"; newsletter-language={language}"
        self.seen = []

    def refused(self, answer, status=400):
        assert answer.status == status, (answer.status, told(answer), answer.text[:2000])
        assert told(answer), answer.text
        for text in told(answer):
            assert re.search(SCRIPTS[self.language], text), text
            if self.language != "en":
                assert not left_in_english(text), text
        self.seen += told(answer)

    def press(self, path, status=400, **form):
        self.refused(self.http.press(path, **form), status)


@pytest.fixture
def office(connected):
    with dashboard(connected, "administrator") as server:
        yield lambda language: Office(server, language)


def of_people(office, connected):
    connected.add_active(["ann@example.org"])
    (person,), = connected.sql("SELECT id FROM subscriber")
    for address in ("no address", "a@b", "@example.org", '"a@example.org', "x" * 65 + "@example.org", "a@[192.0.2.1]", "",
                    "a@exa_mple.org", "a" * 300 + "@example.org"):
        office.press("/people", action="add", address=address, list="bulletin", consent="on paper")
    office.press("/people", action="add", address="eve@example.org", list="bulletin", language="no such", consent="on paper")
    revision = re.search(r'name="revision" value="(\w+)"', office.http.page(f"/people/{person}").text).group(1)
    for wrong in ({"language": "no such"}, {"name": "x\ny"}, {"new_attribute": "a b", "new_value": "c"}):
        office.press(f"/people/{person}", action="save", revision=revision, **wrong)
    office.press(f"/people/{person}", action="join", list="nowhere")
    office.press("/suppressions", action="add", address="nobody")
    office.press("/suppressions", action="lift", address="eve@example.org")
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]


def of_lists(office, connected):
    for name in ("Not A Name", "bulletin", ""):
        office.press("/lists", action="add", name=name, title="x", **{"from": "press@example.org"})
    for wrong in ({"from": "nobody"}, {"from": ""}, {"language": "no such"}, {"title": "x\ny"}, {"reply_to": "nobody"},
                  {"title": "x" * 3000}):
        office.press("/lists/bulletin", action="save", **{"from": "press@example.org", "language": "en", "title": "x", **wrong})


def of_segments(office, connected):
    for where in ("language =", "(" * 500, "x" * 4001, 'language = "ru" or', 'language = "ru', 'joined > "ru"', "nosuch = 1",
                  'language in "ru"', 'language ? "ru"', "language is nothing", 'attribute.a.b = "1"', 'language = "ru" )'):
        office.press("/segments", action="save", name="press", where=where)
    assert connected.sql("SELECT count(*) FROM segment") == [(0,)]
    office.refused(office.http.page("/segments?where=attribute.nosuch+%3D+%221%22"))
    office.press("/segments", action="save", name="Not A Name", where='language = "ru"')
    office.press("/segments", action="remove", name="nosuch")


def of_imports(office, connected):
    office.refused(send(office.http, multipart([("csrf", csrf_of(office.http)), ("list", "bulletin")], [("file", "", b"")])))
    office.refused(send(office.http, multipart([("csrf", csrf_of(office.http)), ("list", "bulletin")], [("file", "a.csv", b"")])))
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as packed:
        packed.writestr("xl/workbook.xml", "<x/>")
    for data in (book.getvalue(), b"ann@example.org,Ann\nbob@example.org,Bob\n", "email\n\xe9@x\n".encode("latin-1"),
                 b'email,name\nann@example.org,"Ann\n'):
        office.refused(office.http.page(upload(office.http, data)), 200)
    at = upload(office.http, "email,name\nann@example.org,Ann\n")
    form = form_of(office.http.get(at, Cookie=office.english))  # which looks for English headings
    office.press(at, **{**form, "action": "try", "way": "consent", "consent": ""})
    connected.run("import", "--undo", at.rsplit("/", 1)[1], expect=None)
    office.press(at, action="undo")


def of_drafts(office, connected):
    office.press("/drafts", 422, how="new", title="", list="bulletin")
    office.press("/drafts", 422, how="new", title="x\ny", list="bulletin")
    office.press("/drafts", 422, how="last", title="Yurts", list="bulletin")
    office.press("/drafts", 422, how="file", title="Yurts", list="bulletin")
    office.press("/drafts", 422, how="template", title="Yurts", list="bulletin", template="99")
    made = office.http.press("/drafts", how="new", title="Yurts", list="bulletin")
    desk = Desk(office.http, re.sub(r"\?.*", "", made.getheader("Location")))
    for name, data in (("a.png", b""), ("b.exe", b"MZ"), ("c.png", PNG[:20]), ("d.png", PNG[:50])):
        answer = desk.upload("picture", name, data, revision=desk.revision())
        if answer.status != 303:
            office.refused(answer, 422)
    office.refused(desk.save(action="language", language="no such", revision=desk.revision()), 422)
    office.press("/boilerplates", action="save", kind="snippet", language="no such", name="x", text="y")
    return desk


def of_sending(office, connected):
    desk = of_drafts(office, connected)
    office.refused(office.http.page(desk.path + "/send"), 200)
    for form in ({"sure": "yes", "when": "later", "at": "2001-01-01 09:00"}, {"sure": "yes", "when": "later", "at": "tomorrow"},
                 {"sure": "yes", "when": "later", "at": "2099-01-01 09:00", "zone": "Nowhere/Land"}, {"when": "now"},
                 {"sure": "yes", "when": "now"}, {"sure": "yes", "when": "later", "at": "2099-01-01 09:00", "zone": "+05"}):
        office.press(desk.path + "/send", 422, action="send", **form)


def of_accounts(office, connected):
    office.press("/accounts", action="add", name="Not A Name!", role="viewer", password="x" * 20)
    office.press("/accounts", action="add", name="bob", role="viewer", password="short")
    office.press("/accounts", action="role", name="nobody", role="viewer")
    office.press("/accounts", action="role", name="ann", role="viewer")
    office.press("/account", action="address", address="nobody")
    office.press("/tokens", action="add", name="Not A Name!", scope="read", days="30")
    office.press("/tokens", action="end", name="nosuch")
    office.press("/webhooks", action="add", name="Not A Name", url="https://example.org/")
    office.press("/webhooks", action="add", name="hook", url="ftp://example.org/")


PAGES = [of_people, of_lists, of_segments, of_imports, of_drafts, of_sending, of_accounts]


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("of", PAGES, ids=lambda of: of.__name__)
@pytest.mark.parametrize("language", ["ru", "ar", "en"])
def test_refusals_are_told_in_the_language_of_the_page(office, connected, of, language):
    visitor = office(language)
    of(visitor, connected)
    assert len(visitor.seen) > 5


BAD_ROWS = """email,name,state,consent_at,tags
nobody,A,,,
ann@example.org;bob@example.org,B,,,
,C,,,
cat@example.org,D,perhaps,,
dan@example.org,E,,yesterday,
eve@example.org,F,,,
"""


def import_of(office, connected, text):
    """A trial of a file whose rows are bad; its page, once it has ended, and the rows to be saved."""
    at = upload(office.http, text)
    form = form_of(office.http.get(at, Cookie=office.english))
    answer = office.http.press(at, **{**form, "action": "start", "way": "file"})
    assert answer.status == 303, told(answer)
    number = int(at.rsplit("/", 1)[1])
    wait_for(lambda: connected.sql("SELECT state FROM task WHERE id = ?", number) == [("failed",)])
    return number, office.http.page(at), office.http.page(at + "/rejected")


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("language", ["ru", "ar", "en"])
def test_what_became_of_an_import_is_told_in_the_language_of_the_page(office, connected, language):
    """A stored failure is worded by the page that shows it; the rows to be saved by the page that began it."""
    visitor = office(language)
    number, page, rejected = import_of(visitor, connected, BAD_ROWS)
    visitor.refused(page, 200)
    rows = list(csv.reader(io.StringIO(rejected.text)))
    assert len(rows) == 7 and rows[0][0] == "import_reason"
    for row in rows[1:]:
        assert re.search(SCRIPTS[language], row[0]), row
        assert language == "en" or not left_in_english(row[0]), row
    assert connected.sql("SELECT problem FROM task WHERE id = ?", number) == [("6 of 6 rows are not good: nothing is kept",)]
    # Somebody else reads the same failure in another language.
    other = visitor.http.get(f"/imports/{number}", Cookie=visitor.english + "; newsletter-language=kk").text
    assert "қате жолдар: 6 / 6, ештеңе сақталмады" in other


@pytest.mark.slow(1)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_became_of_a_test_mail_is_told_in_the_language_of_the_page(staff, server, language):  # noqa: F811
    http = staff()
    assert http.login().status == 303
    visitor = Office(http, language)
    desk = Desk(visitor.http, re.sub(r"\?.*", "", visitor.http.press("/drafts", how="new", title="Yurts", list="bulletin")
                                     .getheader("Location")))
    desk.save(revision=desk.revision(), **FIELDS)
    server.handler.reject.add("bo@example.org")
    answer = visitor.http.press(desk.path + "/send", action="test", address="bo@example.org")
    assert answer.status == 303, told(answer)
    told_by = {"ru": "bo@example.org: сервер ответил на RCPT: 550", "en": "bo@example.org: the server answered RCPT with 550"}
    wait_for(lambda: told_by[language] in html.unescape(visitor.http.page(desk.path + "/send").text))
