"""The pages of the press room as nobody finds them by following links: folded parts and dialogs open, two texts in conflict, findings
with buttons. axe-core, and whether texts fit into their boxes, in long words and from right to left. It takes minutes: ./check --all."""
import json
import os
import re

import pytest
from browser import in_browser, needs_browser
from conftest import ALL
from test_accessibility_staff import fixture_office  # noqa: F401
from test_office_pages import crowd, staff  # noqa: F401
from test_staff import eventful  # noqa: F401

pytestmark = [needs_browser, pytest.mark.one_engine("the engine makes no difference"), pytest.mark.slow(300),
              pytest.mark.skipif(not ALL, reason="takes minutes: ./check --all")]


@pytest.mark.parametrize("language", ["ru", "kk", "ar"])
def test_every_state(office, language):
    http, desk = office
    version = re.findall(r'<option value="(\d+)"', desk.page("/history?text=en").text)[-1]
    issue = re.search(r'href="/(issue/\d+)"', http.page("/").text).group(1)
    plan = {"url": http.url, "cookie": http.cookie, "languages": [language], "widths": [375, 1280], "shots": os.environ.get("SHOTS"),
            "pages": {"drafts": "/drafts", "approval": desk.path + "/approval", "send": desk.path + "/send", "calendar": "/calendar",
                      "library": "/library", "versions": f"{desk.path}/history?text=en&version={version}&with=0",
                      "kept": "/boilerplates", "progress": "/" + issue, "report": f"/{issue}/report", "people": "/people",
                      "draft": desk.path + "?text=en"}}
    found = in_browser("states.cjs", plan, timeout=280)
    assert found == [], json.dumps(found, indent=1, ensure_ascii=False)[:8000]
