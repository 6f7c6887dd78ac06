"""Each feature that our mails use is in the mail programs that count, or tests/data/mail-features.txt says how it
degrades there. The data are those of caniemail.com."""
import os

import pytest
from conftest import html, parse
from test_accessibility import MORE
from test_enclosures import png
from test_look import EVENTS, EVERYTHING
import mailfeatures

pytestmark = [pytest.mark.one_engine("the engine makes no difference"),
              pytest.mark.skipif(not os.path.exists(mailfeatures.DATA), reason="needs tools/install-packages test")]

WHOLE = EVERYTHING + MORE + """
[Register](https://www.example.org/r "button")

![A quay](quay.png "At dusk")

1. one
   1. two

# First

#### Fourth
"""


@pytest.fixture
def used(connected, server):
    """The features of an issue with all there is, in each design, from both sides, and of a notice."""
    connected.write("quay.png", png(1200, 300))
    connected.write("light.png", png(300, 100))
    connected.write("dark.png", png(200, 400))
    more = {"series": "Bulletin", "category": "General", "posted_by": "press office", "preheader": "A line", "events": EVENTS,
            "attachments": ["quay.png"], "media": [{"title": "Song", "url": "https://www.example.org/a.mp3", "duration": "1:30"}],
            "contact": {"person": "Ann", "phone": "1", "fax": "2", "email": "a@example.org", "web": "https://www.example.org"}}
    identity = {"name": "Embassy", "released_by": "Released by the Embassy", "accent": "#7a1f3d", "logo": "light.png",
                "logo_dark": "dark.png", "imprint": "https://www.example.org/i", "privacy": "https://www.example.org/p",
                "social": {"Telegram": "https://t.me/example"}, "postal_address": "16 Street"}
    found = set()
    for design in ("bulletin", "letter", "magazine"):
        for accent in ("#7a1f3d", "#000000"):  # a logo on black stands on a plate
            connected.configure(organisation={**identity, "design": design, "accent": accent},
                                serve={"url": "https://news.example.org"})
            for language in ("en", "ar"):
                connected.run("preview", connected.issue(WHOLE, language=language, **more))
                with open(os.path.join(connected.folder, "issue.preview", "issue.eml"), "rb") as eml:
                    found |= mailfeatures.Uses(html(parse(eml.read()))).found
    connected.run("subscribe", "ann@example.org")
    return found | mailfeatures.Uses(html(parse(server.messages("ann@example.org")[0]))).found


@pytest.mark.slow(1)
def test_each_feature_is_supported_or_degrades_well(used):
    degrades, unknown = mailfeatures.written()
    needed = {feature: mailfeatures.without(feature) for feature in used if feature in mailfeatures.features()}
    needed = {feature: programs for feature, programs in needed.items() if programs}
    assert degrades == needed
    assert unknown == used - set(mailfeatures.features())


def test_the_rules_object():
    """Features that only the newest mail programs have are found wherever they hide."""
    uses = mailfeatures.Uses('<style>@media print{.a b{display:grid!important}}</style><dialog><p style="width:2vw;'
                             'color:rgba(0,0,0,.5)"><video></video><bdi>x</bdi>')
    assert {"css-at-media", "css-display", "css-important", "css-selector-descendant", "html-dialog", "html-video", "css-unit-vw",
            "css-rgba", "html-bdi"} <= uses.found
    assert "outlook.windows" in mailfeatures.without("html-video") and mailfeatures.without("html-table") == set()
