"""Snippets and templates: kept by the office, changed, put into issues; by page, command and API, each within its rights."""
import json
import re

from apiclient import ApiClient
from test_press_room import FIELDS, Desk, account, desk, problem  # noqa: F401
from test_staff import staff  # noqa: F401

CONTACT = "---\ncontact:\n  person: Ann Lee\n  phone: \"+7 1\"\n---\nAsk the *press office*.\n"
WHOLE = "---\nnumber: No 1\ntitle: Weekly\n# never on Sundays\ndate: 2020-01-01\ncategory: Harbour\n---\nDear readers,\n"


def keep(http, **fields):
    return http.press("/boilerplates", action="save", **{"kind": "snippet", "language": "", "list": "", **fields})


def ids(connected):
    return dict(connected.sql("SELECT name || ' ' || language, id FROM boilerplate"))


def test_kept_changed_and_removed(desk, connected):  # noqa: F811
    http = desk.http
    assert keep(http, name="Contact", source=CONTACT).status == 303
    assert keep(http, name="Contact", source="x").status == 400  # the name is taken, and what was typed is shown again
    number = ids(connected)["Contact "]
    assert f'href="/boilerplates/{number}"' in http.page("/boilerplates").text
    page = http.page(f"/boilerplates/{number}").text
    assert "Ann Lee" in page
    revision = re.search(r'name="revision" value="(\d+)"', page).group(1)
    form = {"kind": "snippet", "name": "Contact", "language": "kk", "list": "bulletin", "revision": revision}
    assert http.press(f"/boilerplates/{number}", action="save", source="Hers", **form).status == 303
    stale = http.press(f"/boilerplates/{number}", action="save", source="His", **form)
    assert stale.status == 400 and "meanwhile" in stale.text and "His" in stale.text
    assert connected.sql("SELECT source, language FROM boilerplate") == [("Hers", "kk")]
    for wrong in ({"name": ""}, {"name": "x" * 101}, {"language": "no such"}, {"kind": "letter"}, {"list": "nowhere"}, {"source": "a\x01b"}):
        assert keep(http, **{"name": "Other", "source": "x", **wrong}).status in (400, 404), wrong
    assert http.press(f"/boilerplates/{number}", action="remove", sure="yes").status == 303
    assert http.page(f"/boilerplates/{number}").status == 404 and connected.sql("SELECT count(*) FROM boilerplate") == [(0,)]
    done = connected.sql("SELECT action, object FROM audit WHERE action LIKE 'boilerplate %' ORDER BY id")
    assert [action for action, _ in done] == ["boilerplate add", "boilerplate change", "boilerplate remove"]


def test_put_into_an_issue(desk, connected):  # noqa: F811
    """Without scripts at the end, with what was typed; for a script as text and contact."""
    keep(desk.http, name="Contact", source=CONTACT)
    number = ids(connected)["Contact "]
    desk.save(revision=desk.revision(), **FIELDS)
    assert f'<option value="{number}">Contact</option>' in desk.page().text
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": "Typed just now.\r\n"}, action="snippet", snippet=number).status == 303
    now = json.loads(desk.page("/here?text=en").text)["form"]
    assert now["body"] == "Typed just now.\n\nAsk the *press office*.\n" and now["contact.person"] == "Ann Lee"
    assert json.loads(desk.page(f"/snippet?id={number}").text) == {
        "text": "Ask the *press office*.\n", "contact": {"contact.person": "Ann Lee", "contact.phone": "+7 1"}}
    assert desk.page("/snippet?id=999").status == 404 and desk.page("/snippet").status == 404
    keep(desk.http, name="Issue", kind="template", source=WHOLE)
    assert desk.page(f"/snippet?id={ids(connected)['Issue ']}").status == 422


def test_an_issue_from_a_template(desk, connected):  # noqa: F811
    http = desk.http
    keep(http, name="Weekly", kind="template", source=WHOLE)
    keep(http, name="Weekly", kind="template", language="kk", source=WHOLE.replace("Weekly", "Апталық"))
    connected.add_active(["reader@example.org"])
    connected.run("send", "--yes", connected.issue("Before", number="No 41"))
    answer = http.press("/drafts", how="template", template="Weekly", title="Ferries", list="bulletin")
    assert answer.status == 303, problem(answer)
    made = Desk(http, re.sub(r"^https?://[^/]+|\?.*", "", answer.getheader("Location")))
    text = json.loads(made.page("/here?text=en").text)["base"]
    assert text.startswith("---\nnumber: No 42\ntitle: Ferries\n# never on Sundays\ndate: 20") and "2020-01-01" not in text
    assert 'lang="kk"' in made.page("?text=kk").text
    assert http.press("/drafts", how="template", template="None", list="bulletin").status == 422
    assert http.press(made.path, action="template", text="en", name="Mine").status == 303  # and back
    assert {name for name in ids(connected) if name.startswith("Mine")} == {"Mine en", "Mine kk"}
    assert http.press(made.path, action="template", text="en", name="Mine").status == 303  # replaces them
    assert http.press(made.path, action="template", text="en", name="").status == 422


def test_whose_they_are(desk, connected):  # noqa: F811
    """A text of a list belongs to the people who write to that list; one for all lists, to those who write everywhere."""
    http = desk.http
    connected.run("list", "add", "culture", "--from", "press@example.org", "--title", "Culture", "--postal-address", "1 Quay")
    keep(http, name="All", source="For all.")
    keep(http, name="Bulletin", source="Of the bulletin.", list="bulletin")
    numbers = ids(connected)
    account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "author", "--list", "culture")
    account(connected, "viewer", "viewer")
    http.login("kim")
    page = http.page("/boilerplates").text
    assert ">All<" in page.replace("<bdi>", "").replace("</bdi>", "<") and "Bulletin" not in page
    assert http.page(f"/boilerplates/{numbers['All ']}").status == 200 and 'value="save"' not in http.page(f"/boilerplates/{numbers['All ']}").text
    assert http.press(f"/boilerplates/{numbers['All ']}", action="save", kind="snippet", name="All", source="Mine").status == 403
    assert http.press(f"/boilerplates/{numbers['All ']}", action="remove", sure="yes").status == 403
    assert http.page(f"/boilerplates/{numbers['Bulletin ']}").status == 404
    assert http.press(f"/boilerplates/{numbers['Bulletin ']}", action="remove", sure="yes").status == 404
    assert keep(http, name="Mine", source="x").status == 400  # for all lists
    assert keep(http, name="Mine", source="x", list="bulletin").status == 400
    assert keep(http, name="Mine", source="x", list="culture").status == 303
    http.login("viewer")
    assert http.page("/boilerplates").status == 404 and keep(http, name="No", source="x").status == 404
    http.cookie = "x=y"
    assert http.get("/boilerplates").status == 303
    assert connected.sql("SELECT count(*) FROM boilerplate") == [(3,)]
    connected.run("list", "remove", "culture", "--yes", expect=None)


def test_the_other_doors(desk, connected):  # noqa: F811
    """The command and the API do the same."""
    connected.write("contact.md", CONTACT)
    assert "nothing is kept" in connected.run("boilerplate").out
    connected.run("boilerplate", "save", "Contact", "contact.md", "--language", "kk")
    connected.run("boilerplate", "save", "Contact", "contact.md", "--language", "kk")  # in its place
    assert connected.run("boilerplate", "show", "Contact", "--language", "kk").out == CONTACT
    assert "Contact" in connected.run("boilerplate").out
    assert json.loads(connected.run("boilerplate", "--json").out)[0]["revision"] == 2
    connected.run("boilerplate", "show", "Contact", expect=67)
    connected.run("boilerplate", "save", "Contact", "contact.md", "--kind", "letter", expect=65)
    connected.run("boilerplate", "save", "Contact", "missing.md", expect=66)
    token = connected.run("staff", "token", "robot", "--scope", "issues").out.strip()
    api = ApiClient(desk.http, token)
    weekly = {"kind": "template", "name": "Weekly", "source": WHOLE}
    made = api.call("POST", "/boilerplates", weekly, 201)
    address = f"/boilerplates/{made['id']}"
    assert api.call("GET", address)["source"] == WHOLE and len(api.call("GET", "/boilerplates")["boilerplates"]) == 2
    api.call("GET", address)
    tag = api.answer.getheader("ETag")
    api.call("PUT", address, {**weekly, "source": "x"}, **{"If-Match": tag})
    api.call("PUT", address, {**weekly, "source": "y"}, 412, **{"If-Match": tag})
    api.call("POST", "/boilerplates", weekly, 409)
    api.call("POST", "/boilerplates", {**weekly, "kind": "letter"}, 422)
    begun = api.call("POST", "/drafts", {"list": "bulletin", "template": "Weekly"}, 201)
    assert begun["texts"][0]["source"].endswith("x\n")
    one = ApiClient(desk.http, connected.run("staff", "token", "one", "--scope", "issues", "--list", "bulletin").out.strip())
    one.call("PUT", address, weekly, 403)
    mine = {"kind": "snippet", "name": "Mine", "source": "y"}
    one.call("POST", "/boilerplates", mine, 403)
    own = one.call("POST", "/boilerplates", {**mine, "list": "bulletin"}, 201)
    one.call("DELETE", f"/boilerplates/{own['id']}", expect=204)
    api.call("DELETE", address, expect=204)
    api.call("GET", address, expect=404)
    connected.run("boilerplate", "remove", "Contact", "--language", "kk")
    assert connected.sql("SELECT count(*) FROM boilerplate") == [(0,)]
