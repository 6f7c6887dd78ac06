"""The PDF of an issue, by the real WeasyPrint and the real Chromium, in cages without network."""
import importlib.util
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import BINARY, wait_for
from test_enclosures import png
from webserver import WebServer

WEASYPRINT = importlib.util.find_spec("weasyprint") is not None
CHROMIUM = any(os.path.exists(path) for path in ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium"))
RENDERERS = [pytest.param("weasyprint", marks=pytest.mark.skipif(not WEASYPRINT, reason="WeasyPrint is not installed")),
             pytest.param("chromium", marks=pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"))]
pytestmark = [pytest.mark.one_engine("the engine makes no difference"),
              pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs tools/install-packages test")]
ISSUE = "/archive/bulletin/issue/no-1/"


def text_of(path):
    found = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    # Shaped Arabic letters, and marks of direction, are for the eye.
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", found)


def pictures_in(path):
    listed = subprocess.run(["pdfimages", "-list", path], capture_output=True, check=True).stdout.decode()
    return [line.split() for line in listed.splitlines()[2:]]


def assert_right_to_left(path):
    """The lines begin at the right edge and leave the left one free. WeasyPrint of Debian 12 tells readers of the file
    no more of Arabic than where its runs stand."""
    boxes = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True).stdout.decode()
    width = float(re.search(r'<page width="([\d.]+)"', boxes).group(1))
    words = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)<', boxes)
    arabic = [(float(left), float(right)) for left, top, right, word in words
              if re.search("[\u0600-\u06ff\ufb50-\ufeff]", word) and float(top) > 220]  # below the masthead
    assert len(arabic) > 3
    assert max(right for _, right in arabic) > width * 0.85 and min(left for left, _ in arabic) > width * 0.4


class Listener(BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture
def listener():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Listener,), {"asked": []}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def issues(connected, listener):
    """One issue in three languages, whose raw HTML asks for all that a renderer could be made to fetch."""
    outside = f"http://127.0.0.1:{listener.server_port}"
    secret = connected.write("secret.txt", "topsecret\n")
    traps = "".join(f"<img src='{url}'><link rel=attachment href='{url}'><iframe src='{url}'></iframe><object data='{url}'></object>"
                    f"<meta http-equiv=refresh content='0;url={url}'><style>@import url({url});p{{background:url({url})}}</style>"
                    f"<script>document.body.innerHTML='scripted'</script>"
                    for url in (outside + "/raw", "file://" + secret, "/etc/hostname"))
    connected.write("quay.png", png(300, 100))
    connected.write("logo.png", png(90, 90))
    connected.configure(raw_html=True, serve={"url": "https://news.example.org"},
                        organisation={"name": "Embassy", "released_by": "Released by <us>", "logo": "logo.png",
                                      "contact": {"person": "Ann", "email": "press@example.org"}})
    events = [{"title": "Round table", "date": "2026-09-14", "place": "Hall A"}]
    connected.add_active(["ann@example.org"])
    connected.issue("Жаңа әуежай ашылды: ұшақтар күн сайын ұшады, ғылым мен өнер үшін.\n", name="a.kk.md", title="Қазақстан жаңалықтары")
    connected.issue("افتتح الوزير المعرض يوم الاثنين.\n", name="a.ar.md", title="أخبار السفارة")
    connected.run("send", "--yes", connected.issue(
        f"Dear {{{{name|reader}}}},\n\nThe quay is open.\n\na)  first\nb)  second\n\n![A quay](quay.png \"At dusk\")\n\n"
        f"![far]({outside}/image.png)\n\n{traps}\n\n" + "More words. " * 900 + "\n\nThe end.\n",
        name="a.en.md", title="Open quay", slug="no-1", category="Ports", events=events, attachments=["quay.png"]))
    return connected


@pytest.mark.slow
@pytest.mark.parametrize("renderer", RENDERERS)
def test_pdf(issues, listener, renderer):
    issues.configure(archive={"pdf": renderer})
    server = WebServer(BINARY, issues.folder, "--no-mail")
    assert '<a href="issue.pdf" type="application/pdf">This issue as a PDF</a>' in server.get(ISSUE).text
    head, body = server.raw_get(ISSUE + "issue.pdf", "Accept-Language: ru")
    assert b"Content-Type: application/pdf" in head and body.startswith(b"%PDF-") and body.rstrip().endswith(b"%%EOF")
    assert b"Content-Disposition" not in head
    issues.write("one.pdf", body)
    for language in ("kk", "ar"):
        issues.write(f"{language}.pdf", server.raw_get(f"{ISSUE}{language}/issue.pdf")[1])
    assert server.raw_get(ISSUE + "issue.pdf")[1] == body  # kept, whatever the visitor's language
    assert server.get(ISSUE + "de/issue.pdf").status == server.get("/archive/bulletin/issue.pdf").status == 404
    server.stop()

    text = text_of(os.path.join(issues.folder, "one.pdf"))
    for words in ("Embassy", "Released by <us>", "News Bulletin", "No 1 · 25 August 2026", "Open quay", "The quay is open.", "Upcoming events",
                  "Round table, Hall A", "quay.png", "Contact person: Ann", "https://news.example.org" + ISSUE, "The end."):
        assert words in text, words
    assert re.search(r"a\)\s+first\s+b\)\s+second", text) and "Dear" not in text
    assert "topsecret" not in text and "scripted" not in text and listener.RequestHandlerClass.asked == []
    assert b"topsecret" not in body and b"/EmbeddedFile" not in body
    sizes = {(row[3], row[4]) for row in pictures_in(os.path.join(issues.folder, "one.pdf"))}
    assert {("300", "100"), ("90", "90")} <= sizes
    assert re.search(r"^\s*2 ?/ ?\d", text, re.M)  # pages have numbers
    kazakh = text_of(os.path.join(issues.folder, "kk.pdf"))
    assert "Қазақстан жаңалықтары" in kazakh and "Жаңа әуежай ашылды: ұшақтар күн сайын ұшады" in kazakh
    assert_right_to_left(os.path.join(issues.folder, "ar.pdf"))


@pytest.mark.slow
@pytest.mark.skipif(not WEASYPRINT, reason="WeasyPrint is not installed")
def test_files_are_made_once(issues):
    issues.configure(archive={"pdf": "weasyprint"})
    issues.run("archive", "build", "www")
    path = os.path.join(issues.folder, "www", "bulletin", "issue", "no-1", "issue.pdf")
    with open(path, "rb") as made:
        first = made.read()
    assert first.startswith(b"%PDF-") and "Open quay" in text_of(path)
    assert "Жаңа әуежай" in text_of(os.path.join(os.path.dirname(path), "kk", "issue.pdf"))
    issues.run("archive", "build", "www")
    with open(path, "rb") as kept:
        assert kept.read() == first
    issues.configure(organisation={"name": "Consulate"})
    issues.run("archive", "build", "www")
    assert "Consulate" in text_of(path)
    issues.configure(archive={})
    issues.run("archive", "build", "www")
    assert not os.path.exists(path)
    with open(os.path.join(os.path.dirname(path), "index.html"), encoding="utf-8") as page:
        assert "issue.pdf" not in page.read()


def stand_in(site, lines):
    """A program in the place of a renderer, which prints what it is told."""
    path = site.write("python-stand-in", "#!/usr/bin/python3\nimport os, socket, sys, time\n" + lines)
    os.chmod(path, 0o755)
    return path


@pytest.fixture
def small(connected):
    connected.add_active(["ann@example.org"])
    connected.configure(serve={"url": "https://news.example.org"})
    connected.run("send", "--yes", connected.issue("Words.\n", slug="no-1"))
    return connected


@pytest.mark.slow(1)
@pytest.mark.parametrize("lines, words", [
    ("print('no pdf')", "the program made no PDF"), ("sys.exit(3)", "failed (exit status 3)"),
    ("os.kill(os.getpid(), 11)", "failed (signal 11)"),
    ("while True: sys.stdout.write('x' * 65536)", "prints more than 33554432 bytes"),
    ("x = bytearray(2 << 30)", "failed (exit status 1)"),
    ("socket.socket(socket.AF_INET)", "failed (exit status 1)"), ("socket.socket(socket.AF_INET6)", "failed (exit status 1)"),
    ("sys.exit(0 if 'SECRET' in os.environ else 4)", "failed (exit status 4)"),
    ("open(os.environ['HOME'] + '/big', 'wb').truncate(64 << 20)", "failed (exit status 1)"),
])
def test_a_renderer_is_kept_in_bounds(small, lines, words):
    small.configure(archive={"pdf": stand_in(small, lines)})
    os.mkdir(os.path.join(small.folder, "tmp"))
    run = small.run("archive", "build", "www", expect=None, env={"SECRET": "x", "TMPDIR": os.path.join(small.folder, "tmp")})
    assert run.returncode == 78 and "the PDF of an issue: " in run.err and words in run.err
    assert os.listdir(os.path.join(small.folder, "tmp")) == []


@pytest.mark.slow(1)
def test_nothing_of_a_renderer_stays(small):
    """A child that outlives it ends with it, and the page comes by way of standard input."""
    path = stand_in(small, "page = sys.stdin.read()\nassert '<h1>A title</h1>' in page\nif os.fork() == 0:\n"
                           "    os.close(1)\n    open('/proc/self/oom_score_adj').close()\n    time.sleep(600)\n"
                           "print('%PDF-' + str(os.getpgid(0)))")
    small.configure(archive={"pdf": path})
    small.run("archive", "build", "www")
    with open(os.path.join(small.folder, "www", "bulletin", "issue", "no-1", "issue.pdf"), encoding="ascii") as made:
        group = made.read().split("\n")[0][5:]
    alive = [row for row in subprocess.run(["ps", "-eo", "pgid,stat"], capture_output=True, check=True).stdout.decode().splitlines()
             if row.split()[0] == group and "Z" not in row]
    assert alive == []


@pytest.mark.slow(20)  # what a visitor waits for
def test_a_slow_renderer_is_awaited_by_coming_again(small):
    """Somebody who has waited long is told to come again, and finds what was made meanwhile; nobody makes it twice."""
    small.configure(archive={"pdf": stand_in(small, f"open({small.folder + '/runs'!r}, 'a').write('x')\n"
                                             f"while not os.path.exists({small.folder + '/go'!r}): time.sleep(0.1)\nprint('%PDF-1.7 slow')")})
    server = WebServer(BINARY, small.folder, "--no-mail")
    first = server.get(ISSUE + "issue.pdf")
    assert first.status == 503 and "This PDF is still being made. Please try again in a minute." in first.text
    assert first.headers["Retry-After"] == "30"
    small.write("go", "")
    wait_for(lambda: server.raw_get(ISSUE + "issue.pdf")[1] == b"%PDF-1.7 slow\n")
    with open(os.path.join(small.folder, "runs"), encoding="ascii") as runs:
        assert runs.read() == "x"
    server.stop()


@pytest.mark.slow(1)
def test_the_doctor_makes_one(small):
    def finding():
        told = json.loads(small.run("doctor", "--json", "--local", expect=None).out)
        return [(row["level"], row["text"]) for row in told if row["rule"] == "pdf"]
    assert finding() == []
    small.configure(archive={"pdf": stand_in(small, "print('%PDF-')")})
    path = os.path.join(small.folder, "python-stand-in")
    assert finding() == [("ok", f"{path} makes PDFs of issues")]
    stand_in(small, "sys.exit(3)")
    [(level, text)] = finding()
    assert level == "error" and "makes no PDF" in text and "failed (exit status 3)" in text


@pytest.mark.slow(11)  # visitors are given ten seconds
def test_a_server_ends_its_renderer(small):
    """Others are served while a PDF is made, and it does not keep the server from ending."""
    small.configure(archive={"pdf": stand_in(small, f"open({small.folder + '/begun'!r}, 'w').close()\ntime.sleep(600)")})
    server = WebServer(BINARY, small.folder, "--no-mail")
    asked = threading.Thread(target=lambda: server.raw(b"GET " + ISSUE.encode() + b"issue.pdf HTTP/1.1\r\nHost: x\r\n\r\n"))
    asked.start()
    wait_for(lambda: os.path.exists(os.path.join(small.folder, "begun")))
    assert server.get(ISSUE).status == 200
    server.stop()
    asked.join()


@pytest.mark.slow(1)
def test_settings(small):
    assert small.run("archive", "build", "www").returncode == 0
    assert not os.path.exists(os.path.join(small.folder, "www", "bulletin", "issue", "no-1", "issue.pdf"))
    for value in ("yes", "/usr/bin/sh", "python3", "weasyprint; id"):
        small.configure(archive={"pdf": value})
        assert f"archive.pdf is '{value}', expected weasyprint, chromium, or" in small.run("status", expect=78).err
    small.configure(archive={"pdf": "/nowhere/python3"})
    assert "cannot run /nowhere/python3" in small.run("archive", "build", "www", expect=78).err
