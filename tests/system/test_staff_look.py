"""All pages of the office in Chromium: axe-core, nothing wider than the screen, light and dark, on a telephone and a desk, in four languages."""
import pytest
from browser import needs_browser
from conftest import ALL
from test_import_pages import CULTURE, PEOPLE, change, ready, upload, wait
from test_look import look
from test_office_pages import keep
from test_staff import dashboard

LANGUAGES = ("en", "ru", "kk", "ar") if ALL else ("ar",)
WIDTHS = (375, 1280) if ALL else (375,)


@pytest.fixture
def staff(connected):
    with dashboard(connected, "administrator") as server:
        yield server


@needs_browser
@pytest.mark.slow(20)
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_of_the_office(staff, connected, tmp_path, language):
    connected.run(*CULTURE)
    connected.add_active(["ann@example.org", "a.very.long.address.of.somebody@subdomain.example.org"], name="Айгүл Нұрлан")
    connected.run("segment", "add", "press", 'language = "ru"')
    kept = keep(connected)
    new, done = upload(staff, PEOPLE), upload(staff, PEOPLE, file="people-of-the-spring-fair.csv")
    change(staff, done, "start", way="consent", consent="fair", partial="yes", c3="-")
    wait(staff, done, "Done")
    staff.press("/exports")
    ready(staff)
    staff.press("/tokens", action="add", name="robot")
    staff.press("/suppressions", action="add", address="gone@example.org")
    paths = {"people": "/people", "found": "/people?q=ann", "nobody": "/people?q=zzz", "person": "/people/1", "suppressions": "/suppressions",
             "imports": "/imports", "import": new, "imported": done, "exports": "/exports", "segments": "/segments?name=press",
             "bounces": "/bounces", "bounce": f"/bounces/{kept}", "account": "/account", "accounts": "/accounts", "tokens": "/tokens",
             "audit": "/audit", "lists": "/lists", "list": "/lists/bulletin", "login": "/login"}
    look(tmp_path, {f"{name}-{language}": f"{staff.url}{path}{'&' if '?' in path else '?'}language={language}" for name, path in paths.items()},
         widths=WIDTHS, mail=False, cookie=staff.cookie)
