"""The wording of a stated consent, and receipts on the pages of staff."""
import hashlib
import json
import re

import pytest
from apiclient import ApiClient
from browser import needs_browser
from conftest import wait_for
from test_import_pages import form_of, upload
from test_ledger import audit
from test_look import look
from test_receipts import office, receipts  # noqa: F401
from test_staff import staff  # noqa: F401

SHOWN = "I agree to get the bulletin by email.\nI can leave at any time."


def people(office, *addresses, name="people.csv", head="email"):  # noqa: F811
    return office.write(name, head + "\n" + "\n".join(addresses) + "\n")


def quoted(office, address="ann@example.org"):  # noqa: F811
    """The wordings of a receipt, each with its digest, and that the receipt holds."""
    [receipt] = receipts(office, address)
    office.write("receipt.json", json.dumps(receipt))
    office.run("consent", "verify", "receipt.json")
    for wording in receipt["notice"]["wordings"]:
        assert wording["digest"] == hashlib.sha256(wording["text"].encode()).hexdigest()
    return [(wording["shown_on"], wording["text"]) for wording in receipt["notice"]["wordings"]]


# ---- newsletter import --wording ----

@pytest.mark.slow(1)
def test_the_wording_of_a_stated_consent_is_quoted(office):  # noqa: F811
    path = office.write("form.txt", SHOWN.replace("\n", "\r\n") + "\r\n")
    office.run("import", people(office, "ann@example.org", "bob@example.org"), "--consent", "visitors book", "--wording", path)
    assert quoted(office) == quoted(office, "bob@example.org") == [("form", SHOWN)]
    [receipt] = receipts(office)
    assert receipt["notice"]["source"] == "visitors book"
    assert office.sql("SELECT count(*) FROM wording WHERE text = ?", SHOWN) == [(1,)]  # once, whatever the ends of its lines
    assert audit(office)["faults"] == 0
    office.run("import", people(office, "kim@example.org"), "--consent", "visitors book", "--wording", office.write("form.txt", SHOWN))
    assert office.sql("SELECT count(*) FROM wording WHERE text = ?", SHOWN) == [(1,)] and quoted(office, "kim@example.org") == [("form", SHOWN)]


def test_without_it_the_statement_is_quoted_as_before(office):  # noqa: F811
    office.run("import", people(office, "ann@example.org"), "--consent", "visitors book")
    assert quoted(office) == [("statement", "visitors book")]


def test_many_people_share_one_wording(office):  # noqa: F811
    """Also those who come in by the statement for many, and rows whose own column says where they agreed do not have it."""
    rows = [f"p{number}@example.org," for number in range(300)] + [f"q{number}@example.org,fair" for number in range(300)]
    office.run("import", people(office, *rows, head="email,consent_source"), "--consent", "visitors book", "--wording", office.write("form.txt", SHOWN))
    assert office.sql("SELECT consent_source, w.text, count(*) FROM subscription s LEFT JOIN wording w ON w.id = s.form_wording GROUP BY 1, 2 "
                      "ORDER BY 1") == [("fair", None, 300), ("visitors book", SHOWN, 300)]
    assert audit(office)["faults"] == 0


def test_it_is_taken_back_with_the_import(office):  # noqa: F811
    office.run("subscribe", "ann@example.org", "--no-wait")
    before = office.sql("SELECT state, form_wording FROM subscription")
    out = office.run("import", people(office, "ann@example.org"), "--consent", "visitors book", "--wording", office.write("form.txt", SHOWN), "--json").out
    assert quoted(office) == [("form", SHOWN)]
    office.run("import", "--undo", str(json.loads(out)["import"]))
    assert office.sql("SELECT state, form_wording FROM subscription") == before
    assert audit(office)["faults"] == 0


def test_a_trial_keeps_none(office):  # noqa: F811
    office.run("import", people(office, "ann@example.org"), "--consent", "visitors book", "--wording", office.write("form.txt", SHOWN), "--dry-run")
    assert office.sql("SELECT count(*) FROM wording") == [(0,)]


@pytest.mark.parametrize("text, options, status, words", [
    (SHOWN, ("--confirm",), 64, "--consent"), (SHOWN, (), 64, "--consent"), ("x" * 33000, ("--consent", "book"), 65, "longer than"),
    ("a\x07b", ("--consent", "book"), 65, "the wording")], ids=["confirm", "no consent", "too long", "a control character"])
def test_a_wording_that_is_refused(office, text, options, status, words):  # noqa: F811
    refused = office.run("import", people(office, "ann@example.org"), "--wording", office.write("form.txt", text), *options, expect=status)
    assert words in refused.err and office.sql("SELECT count(*) FROM subscription") == [(0,)]


def test_a_wording_that_cannot_be_read(office):  # noqa: F811
    office.run("import", people(office, "ann@example.org"), "--consent", "book", "--wording", "none.txt", expect=66)
    assert office.sql("SELECT count(*) FROM subscription") == [(0,)]


# ---- over the API and on the page ----

def test_the_wording_of_an_import_over_the_api(office, staff):  # noqa: F811
    server = staff()
    client = ApiClient(server, office.run("staff", "token", "robot", "--scope", "people").out.strip())
    made = client.call("POST", "/imports", {"list": "bulletin", "consent": "visitors book", "wording": SHOWN}, 201)
    assert made["options"]["wording"] == SHOWN
    assert client.raw("PUT", f"/imports/{made['id']}/file", b"email\nann@example.org\n", **{"Content-Type": "text/csv"}).status == 200
    client.call("POST", f"/imports/{made['id']}/start", {}, 202)
    wait_for(lambda: client.call("GET", f"/imports/{made['id']}")["state"] == "done")
    assert quoted(office) == [("form", SHOWN)]
    for options in ({"wording": SHOWN}, {"wording": SHOWN, "confirm": True}, {"wording": "x" * 33000, "consent": "book"}):
        assert "wording" in client.call("POST", "/imports", options, 422)["detail"]


@pytest.mark.slow(1)
def test_the_wording_on_the_page_of_an_import(office, staff):  # noqa: F811
    server = staff()
    office.sql("UPDATE staff SET role = 'administrator'")
    assert server.login().status == 303
    path = upload(server, "email\nann@example.org\n")
    page = server.page(path)
    assert '<textarea id="wording"' in page.text
    form = {**form_of(page), "list": "bulletin", "way": "consent", "consent": "visitors book", "wording": SHOWN.replace("\n", "\r\n")}
    assert server.press(path, **form, action="save").status == 303
    assert "I can leave at any time.</textarea>" in server.page(path).text
    assert server.press(path, **form, action="start").status == 303
    wait_for(lambda: office.sql("SELECT count(*) FROM subscription") == [(1,)])
    assert quoted(office) == [("form", SHOWN)]


# ---- receipts for staff ----

@pytest.fixture
def desk(office, staff):  # noqa: F811
    office.run("import", people(office, "ann@example.org"), "--consent", "visitors <b>book", "--wording", office.write("form.txt", SHOWN + " <i>"))
    server = staff()
    office.sql("UPDATE staff SET role = 'administrator'")
    assert server.login().status == 303
    return server


@pytest.mark.slow(1)
def test_the_person_s_page_leads_to_the_receipt(desk, office):  # noqa: F811
    assert 'href="/people/1/receipt"' in desk.page("/people/1").text
    answer = desk.page("/people/1/receipt")
    page = answer.text
    assert answer.status == 200 and answer.getheader("Cache-Control") == "no-store"
    assert "Consent receipt" in page and "visitors &lt;b&gt;book" in page and "I can leave at any time. &lt;i&gt;" in page
    assert "Signed with the key of" in page and "checkpoint of" in page
    path = re.search(r'href="(/people/1/receipt\?record=\w+)"', page).group(1)
    file = desk.page(path)
    assert file.getheader("Content-Type").startswith("application/json") and "attachment" in file.getheader("Content-Disposition")
    assert file.getheader("Cache-Control") == "no-store"
    shown = json.loads(file.text)
    [same] = receipts(office)
    assert shown["record_id"] == same["record_id"] and shown["notice"] == same["notice"] and shown["proof"]["entries"] == same["proof"]["entries"]
    office.write("receipt.json", file.text)
    assert office.run("consent", "verify", "receipt.json").out.startswith("ours, unchanged")
    assert desk.page("/people/1/receipt?record=" + "0" * 64).status == 404
    assert desk.page("/people/9/receipt").status == 404
    assert desk.post("/people/1/receipt", {"csrf": "x"}, Cookie=desk.cookie).status in (403, 404)


def test_somebody_on_no_list_has_no_receipt(desk, office):  # noqa: F811
    none = "There is none: this person is on no list."
    assert none not in desk.page("/people/1/receipt").text
    office.sql("DELETE FROM subscription")
    page = desk.page("/people/1/receipt").text
    assert none in page and "Download the receipt" not in page


@pytest.mark.slow(1)
def test_each_look_is_in_the_log_of_staff(desk, office):  # noqa: F811
    desk.page("/people/1/receipt")
    desk.page("/people/9/receipt")
    assert office.sql("SELECT actor, door, object FROM audit WHERE action = 'consent show'") == [("ann", "browser", "subscriber 1")]
    assert audit(office)["faults"] == 0


@pytest.mark.parametrize("role, status", [("viewer", 403), ("author", 403), ("sender", 403), ("people", 200), ("administrator", 200)])
def test_who_may_see_it(desk, office, role, status):  # noqa: F811
    office.sql("UPDATE staff SET role = ?", role)
    answer = desk.page("/people/1/receipt")
    assert answer.status == status and ("visitors" in answer.text) == (status == 200)
    assert office.sql("SELECT count(*) FROM audit WHERE action = 'consent show'") == [(int(status == 200),)]


@pytest.mark.slow(1)
def test_those_of_one_list_see_its_receipt_alone(desk, office):  # noqa: F811
    office.run("list", "add", "other", "--from", "x@example.org")
    office.run("import", people(office, "ann@example.org"), "--list", "other", "--consent", "another fair")
    office.run("import", people(office, "eve@example.org"), "--list", "other", "--consent", "another fair")
    assert "another fair" in desk.page("/people/1/receipt").text
    office.sql("UPDATE staff SET role = 'viewer'")
    office.sql("INSERT INTO staff_list (staff, list, role) SELECT s.id, l.id, 'people' FROM staff s, list l WHERE l.name = 'bulletin'")
    page = desk.page("/people/1/receipt").text
    assert "visitors &lt;b&gt;book" in page and "another fair" not in page
    assert desk.page("/people/2/receipt").status == 404


@pytest.mark.slow(1)
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", ["en", "ru", "ar"])
def test_how_it_looks(desk, tmp_path, language):
    look(tmp_path, {f"staff-receipt-{language}": f"{desk.url}/people/1/receipt?language={language}"}, widths=(375, 1280), mail=False,
         cookie=desk.cookie)
