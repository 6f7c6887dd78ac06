"""How mails and pages look: headless Chromium at the width of a phone and of a desktop, light and
dark; axe-core finds nothing to object to. SCREENSHOTS=FOLDER keeps the pictures."""
import os
import pathlib
import re

import pytest
from browser import in_browser, needs_browser
from conftest import SAMPLE, html, parse, token
from test_enclosures import png

pytestmark = [pytest.mark.slow, needs_browser, pytest.mark.one_engine("the engine makes no difference")]


def look(tmp_path, pages, widths=(375, 700), mail=True, cookie=None):
    """Opens each page (name to path) at each width and scheme; checks what holds for all of them.
    `cookie` is sent along."""
    folder = os.environ.get("SCREENSHOTS", str(tmp_path))
    jobs = [{"url": path if "://" in path else pathlib.Path(path).absolute().as_uri(), "width": width, "dark": dark, "mail": mail,
             "cookie": cookie,
             "shot": os.path.join(folder, f"{name}-{width}{'-dark' if dark else ''}.png")}
            for name, path in pages.items() for width in widths for dark in (False, True)]
    results = in_browser("look.cjs", jobs, timeout=300)
    for job, result in zip(jobs, results):
        assert result["violations"] == [], (job["shot"], result["violations"])
        assert result["width"] <= job["width"], (job["shot"], result["width"])
        assert result["broken"] == [], (job["shot"], result["broken"])
        own = job["url"].split("/")[2]  # what is fetched comes from where the page does
        others = [url for url in result["requests"] if url.split("/")[2] != own]
        assert others == [], (job["shot"], others)
        assert os.path.getsize(job["shot"]) > 5000
    return results


EVERYTHING = """Dear {{name|reader}},

Plain words with *emphasis*, **strength**, ~~error~~, `code` and a [link](https://www.example.org/).

![A quay at dusk](quay.png)

## A list

- [x] done
- [ ] to do

a)  first

b)  second

> A quotation of somebody.

| Time  | Where  | What |
|------:|:------:|------|
| 09:30 | Hall A | Registration of all who have come |
| 10:00 | Hall B | Opening address |

```
a block of code that has a line long enough to be wider than a telephone is
```

---

The end.
"""

EVENTS = [{"title": "Round table", "date": "2026-09-14", "time": "09:30", "place": "Aktau",
           "url": "https://www.example.org/1"}, {"title": "Tour", "date": "2026-10-01", "until": "2026-10-03"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_scheme_is_examined(tmp_path, scheme):
    """The second scheme is shown without loading the page again; words that cannot be read in it are found all the same."""
    page = tmp_path / "pale.html"
    page.write_text(f"""<!DOCTYPE html><html lang="en"><title>x</title><style>body {{color: #111; background: #fff}}
        @media (prefers-color-scheme: dark) {{body {{color: #eee; background: #111}}}}
        @media (prefers-color-scheme: {scheme}) {{p {{color: #777; background: #666}}}}</style><main><h1>x</h1><p>Some words</p></main>""")
    with pytest.raises(AssertionError) as caught:
        look(tmp_path, {"pale": str(page)}, widths=(700,), mail=False)
    assert f"pale-700{'-dark' if scheme == 'dark' else ''}.png" in str(caught.value) and "color-contrast" in str(caught.value)


def test_bulletin(site, tmp_path):
    site.configure(contact={"person": "Жанар Т.", "phone": "+1 202 555 0148", "email": "press@example.org",
                            "web": "https://www.example.org"})
    site.run("list", "edit", "bulletin", "--archive-url", "https://www.example.org/archive")
    site.write("quay.png", png(1200, 300))
    site.run("preview", site.issue(EVERYTHING, events=EVENTS, category="General", posted_by="press office",
                                   series="Steppe & Harbour News Bulletin", preheader="A line"))
    page = os.path.join(site.folder, "issue.preview", "issue.html")
    results = look(tmp_path, {"bulletin": page})
    backgrounds = [result["background"] for result in results]
    assert backgrounds[0] == backgrounds[2] == "rgb(238, 241, 244)"
    assert backgrounds[1] == backgrounds[3] == "rgb(20, 24, 28)"


def test_the_sample_in_three_languages(site, tmp_path):
    folder = os.path.dirname(SAMPLE)
    names = sorted(name for name in os.listdir(folder) if name.endswith(".md"))
    site.run("preview", "--output", "out", SAMPLE)
    pages = {name[:-3]: os.path.join(site.folder, "out", name[:-3] + ".html") for name in names}
    assert len(pages) == 3
    look(tmp_path, pages)


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_notices_and_answers(connected, server, tmp_path, language):
    connected.configure(notices={"welcome": True, "goodbye": True})
    connected.run("list", "edit", "bulletin", "--archive-url", "https://www.example.org/archive",
                  "--subscribe-url", "https://www.example.org/join")
    subscribe = ("subscribe", "ann@example.org", "--language", language, "--html")
    answers = {"asked": connected.run(*subscribe).out}
    answers["confirmed"] = connected.run("confirm", "--html", token(
        parse(server.messages("ann@example.org")[0]), "confirm")).out
    connected.sql("UPDATE subscription SET noticed_at = NULL")
    connected.run(*subscribe)  # already there
    answers["bad-link"] = connected.run("confirm", "--html", "--language", language, "x", expect=65).out
    answers["left"] = connected.run("unsubscribe", "--html", token(
        parse(server.messages("ann@example.org")[1]), "unsubscribe")).out
    mails = {f"mail-{number}": html(parse(raw))
             for number, raw in enumerate(server.messages("ann@example.org"))}
    assert len(mails) == 4

    def written(texts):
        assert all(re.search(rf'<html lang="{language}"', text) for text in texts.values())
        return {f"{language}-{name}": connected.write(f"{name}.html", text)
                for name, text in texts.items()}

    look(tmp_path, written(mails), widths=(375,))
    look(tmp_path, written(answers), widths=(375,), mail=False)


def test_preview_page(site, tmp_path):
    site.write("quay.png", png(400, 200))
    site.issue(EVERYTHING, name="issue.en.md", events=EVENTS)
    site.issue(EVERYTHING.replace("Dear", "Уважаемый"), name="issue.ru.md", title="Заголовок")
    site.run("preview", os.path.join(site.folder, "issue.md"))
    page = os.path.join(site.folder, "issue.preview", "index.html")
    text = open(page, encoding="utf-8").read()
    assert text.count("<iframe ") == 8 and "prefers-color-scheme:dark" not in text
    assert "(20 characters)" not in text and "Уважаемый" in text and "List-Unsubscribe:" in text
    light, dark = "rgb(238, 241, 244)", "rgb(20, 24, 28)"
    for result in look(tmp_path, {"preview": page}, widths=(700, 1500), mail=False):
        assert result["frames"] == [light, dark] * 4  # whatever the browser prefers
