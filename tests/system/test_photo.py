"""Photos of a printed bulletin: QR codes that are turned, skewed, blurred or badly lit, for the command and for the page."""
import concurrent.futures
import glob
import io
import json
import os
import random
import re
import signal
import subprocess

import pytest
from conftest import parse, plain, wait_for
from test_enclosures import png
from test_genuine import office, serve  # noqa: F401

Image = pytest.importorskip("PIL.Image")
from PIL import ImageDraw, ImageFilter  # noqa: E402

pytestmark = pytest.mark.one_engine("a picture is no matter of the database")


@pytest.fixture
def sent(office):
    """An office that has published an issue; the number and the address of its code."""
    office.run("key", "make")
    office.add_active(["ann@example.org"])
    office.run("send", "--yes", office.issue())
    return office


def number_of(site):
    [(reference,)] = site.sql("SELECT DISTINCT reference FROM issue_note LIMIT 1")
    return reference


def code(text, scale=8):
    """The picture of a QR code, made by another program."""
    made = subprocess.run(["qrencode", "-o", "-", "-s", str(scale), "-m", "4", text], capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(made)).convert("RGBA").convert("RGB")


def page(picture, size=(1400, 1000), at=(500, 300), paper=(244, 241, 232)):
    """A sheet of paper with lines of text and the code."""
    sheet = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(sheet)
    seeded = random.Random(18004)
    for line in range(40, size[1] - 40, 26):
        pen.line([(60, line), (60 + seeded.randrange(200, 420), line)], (60, 60, 60), 5)
    sheet.paste(picture, at)
    return sheet


def skew(picture, by):
    """As from the side: the far edge is shorter."""
    width, height = picture.size
    return picture.transform(picture.size, Image.Transform.QUAD,
                             (-by * width, -by * height, 0, height, width, height, (1 + by) * width, 0),
                             Image.Resampling.BICUBIC, fillcolor=(90, 80, 70))


def shadow(picture, darkest=0.25):
    """Light from one side, and a shadow across."""
    width, height = picture.size
    light = Image.new("L", (width, 1))
    light.putdata([int(255 * (darkest + (1 - darkest) * x / width)) for x in range(width)])
    dark = Image.composite(picture, Image.new("RGB", picture.size), light.resize(picture.size))
    pen = ImageDraw.Draw(dark, "RGBA")
    pen.polygon([(width * 0.3, 0), (width * 0.52, 0), (width * 0.7, height), (width * 0.45, height)], (0, 0, 0, 110))
    return dark


def noise(picture, amount=24):
    return Image.blend(picture, Image.effect_noise(picture.size, amount * 2).convert("RGB"), 0.25)


WAYS = {
    "straight": lambda photo: photo,
    **{f"turned by {angle}": (lambda photo, angle=angle: photo.rotate(angle, Image.Resampling.BICUBIC, expand=True,
                                                                     fillcolor=(90, 80, 70)))
       for angle in (7, 30, 45, 90, 137, 180, 200, 270, 315)},
    "skewed": lambda photo: skew(photo, 0.18),
    "skewed and turned": lambda photo: skew(photo, 0.12).rotate(24, Image.Resampling.BICUBIC, expand=True),
    "blurred": lambda photo: photo.filter(ImageFilter.GaussianBlur(2.5)),
    "badly lit": shadow,
    "dark": lambda photo: photo.point(lambda light: light // 5),
    "pale": lambda photo: photo.point(lambda light: 190 + light // 5),
    "noisy": noise,
    "all at once": lambda photo: noise(shadow(skew(photo, 0.08).rotate(12, Image.Resampling.BICUBIC, expand=True), 0.4)
                                       .filter(ImageFilter.GaussianBlur(1.2))),
    "small": lambda photo: photo.resize((560, 400), Image.Resampling.LANCZOS),
    "large": lambda photo: photo.resize((4200, 3000), Image.Resampling.BICUBIC),
}


def file_of(picture, kind="JPEG", **more):
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 70} if kind == "JPEG" else {}), **more)
    return out.getvalue()


@pytest.mark.parametrize("way", WAYS)
def test_a_code_is_read_however_the_photo_was_taken(sent, way):
    photo = WAYS[way](page(code(f"https://news.example.org/genuine?n={number_of(sent)}")))
    run = sent.run("verify", "--json", sent.write("photo.jpg", file_of(photo)))
    told = json.loads(run.out)
    assert (told["verdict"], told["reference"], told["issues"][0]["title"]) == ("number", number_of(sent), "A title")


@pytest.mark.slow(1)
def test_png_with_opacity_and_a_turned_camera(sent):
    sheet = page(code(number_of(sent)))
    clear = sheet.convert("RGBA")
    clear.putalpha(255)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, data in (("photo.png", file_of(clear, "PNG")), ("photo.jpg", file_of(sheet, exif=exif))):
        assert "a code of ours" in sent.run("verify", sent.write(name, data)).out


@pytest.mark.parametrize("text, status, said", [
    ("https://news.example.org.evil.example/genuine?n={}", 67, "leads to another place"),
    ("https://evil.example/genuine?n={}", 67, "leads to another place"),
    ("https://news.example.org/genuine?n=ZZZZ-ZZZZ", 67, "not known to us"),
    (None, 65, "no QR code that can be read"),
], ids=["look-alike", "elsewhere", "unknown", "none"])
def test_codes_that_are_not_ours(sent, text, status, said):
    picture = code(text.format(number_of(sent))) if text else Image.new("RGB", (10, 10))
    run = sent.run("verify", sent.write("photo.jpg", file_of(page(picture))), expect=status)
    assert said in run.err + run.out


@pytest.mark.slow(1)
@pytest.mark.parametrize("data", [
    lambda: png(30000, 1000)[:400], lambda: b"\xff\xd8\xff\xe0" + bytes(200), lambda: file_of(Image.new("L", (6000, 5000))), lambda: png()[:40],
], ids=["cut", "broken", "too many pixels", "head alone"])
def test_pictures_that_cannot_be_read(sent, data):
    run = sent.run("verify", sent.write("photo.jpg", data()), expect=None)
    assert run.returncode == 65 and run.err, (run.returncode, run.err)


def ask_about_file(web, data, name="photo.jpg", path="/genuine"):
    """The answer of the page about a file."""
    mark = "mark7351"
    body = (f"--{mark}\r\nContent-Disposition: form-data; name=\"mail\"; filename=\"{name}\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n").encode() + data + f"\r\n--{mark}--\r\n".encode()
    return web.request("POST", path, body=body, headers={"Content-Type": f"multipart/form-data; boundary={mark}"})


def decoding(web):
    """The process that decodes a file for this server, or None."""
    for path in glob.glob(f"/proc/{web.process.pid}/task/*/children"):
        try:
            with open(path, encoding="ascii") as children:
                for child in children.read().split():
                    with open(f"/proc/{child}/cmdline", "rb") as command:
                        if b"--convert" in command.read():
                            return int(child)
        except OSError:
            pass
    return None


def hold(web, asked):
    """Stops the process that decodes a file, in the middle of its work. Its number, or None if it was done too soon."""
    while not asked.done():
        found = decoding(web)
        if found is not None:
            os.kill(found, signal.SIGSTOP)
            if decoding(web) == found:
                return found
    return None


@pytest.fixture
def held(sent, serve):
    """A server whose decoder has been stopped over a photo, and the pool that asks about it."""
    web = serve("--no-mail")
    large = file_of(Image.effect_noise((900, 900), 8).convert("RGB"))
    stopped = None
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        try:
            for _ in range(5):
                asked = [pool.submit(ask_about_file, web, large)]
                stopped = stopped or hold(web, asked[0])
                if stopped is not None:
                    break
            assert stopped is not None
            yield web, pool, asked
        finally:
            if stopped is not None and decoding(web) == stopped:
                os.kill(stopped, signal.SIGCONT)


@pytest.mark.slow(1)
def test_others_are_answered_while_a_photo_is_decoded(sent, held):
    """Readers, those who ask about a text or a number, and those who subscribe: they come later, and are answered earlier."""
    web, pool, asked = held
    number = number_of(sent)
    assert web.get("/archive/bulletin/").status == 200
    assert number in web.get(f"/genuine?n={number}").text
    assert "Not known to us" in ask_about_file(web, b"Somebody else has written this, about something else.").text
    assert "This number belongs to" in web.post("/genuine", {"number": number}).text
    assert web.post("/join", {"address": "eve@example.org", "list": "bulletin"}).status == 200
    assert not asked[0].done()
    os.kill(decoding(web), signal.SIGCONT)
    assert asked[0].result().status == 200 and "no code in this photo" in asked[0].result().text


@pytest.mark.slow(1)
def test_few_files_wait_for_the_decoder(sent, held):
    web, pool, [first] = held
    small = file_of(page(code(number_of(sent), 4), (300, 300), (60, 60)))
    asked = [pool.submit(ask_about_file, web, small) for _ in range(9)]  # one more than may wait
    [answer] = [one.result() for one in concurrent.futures.wait(asked, return_when=concurrent.futures.FIRST_COMPLETED).done]
    assert answer.status == 503 and 1 <= int(answer.headers["Retry-After"]) <= 60 and "Many people are asking" in answer.text
    assert web.get("/archive/bulletin/").status == 200
    assert [one.done() for one in asked].count(False) == 8 and not first.done()
    os.kill(decoding(web), signal.SIGCONT)
    told = sorted((one.result().status, "This number belongs to" in one.result().text) for one in asked)
    assert told == [(200, True)] * 8 + [(503, False)]
    assert "This number belongs to" in ask_about_file(web, small).text  # there is room once more


@pytest.mark.slow(1)
def test_a_server_ends_while_a_photo_is_decoded(sent, held):
    web, _, asked = held
    os.kill(decoding(web), signal.SIGCONT)
    web.stop()  # with status 0, and nothing that a sanitizer complains about
    assert decoding(web) is None
    for one in asked:
        assert one.exception() is not None or one.result().status in (200, 503)


@pytest.mark.slow(1)
def test_the_page_takes_a_photo(sent, serve):
    web = serve("--no-mail")
    photo = file_of(WAYS["skewed and turned"](page(code(f"https://news.example.org/genuine?n={number_of(sent)}"))))
    elsewhere = file_of(page(code(f"https://evil.example/genuine?n={number_of(sent)}")))

    def ask(data):
        answer = ask_about_file(web, data)
        assert answer.status == 200
        return answer.text

    assert "This number belongs to" in ask(photo) and number_of(sent) in ask(photo)
    assert "leads to another place" in ask(elsewhere)
    assert "no code in this photo" in ask(file_of(Image.new("RGB", (400, 300), (200, 200, 200))))
    assert "cannot be read" in ask(b"\xff\xd8\xff\xe0" + bytes(300))


def test_the_footer_has_number_and_code(office, server):
    office.run("key", "make")
    office.add_active(["ann@example.org"])
    office.run("send", "--yes", office.issue(body="The ferry leaves at nine from the new pier, and comes back in the evening.\n\n"
                                                  "The harbour master thanks all volunteers who painted it last winter.\n"))
    [raw] = server.messages("ann@example.org")
    mail = parse(raw.split(b"\r\n", 2)[2])
    [picture] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    number = number_of(office)
    assert number in plain(mail) and f"https://news.example.org/genuine?n={number}" in plain(mail)
    [html] = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/html"]
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html and number in html
    image = Image.open(io.BytesIO(picture.get_content()))
    shown = re.search(r'<img src="cid:[^"]*" width="(\d+)" alt=', html)
    assert image.size == (2 * int(shown.group(1)),) * 2
    # the code alone, as somebody takes a photo of the screen, leads to the page of the number
    sheet = page(image.convert("RGB").resize((300, 300)))
    told = json.loads(office.run("verify", "--json", office.write("photo.jpg", file_of(sheet))).out)
    assert told["reference"] == number
    assert office.run("verify", office.write("mail.eml", raw.split(b"\r\n", 2)[2])).out.startswith("ours, unchanged")


def test_the_code_can_be_left_out(office, server):
    office.run("key", "make")
    office.configure(signing={"key_file": "signing.key", "qr_code": False})
    office.add_active(["ann@example.org"])
    office.run("send", "--yes", office.issue())
    [raw] = server.messages("ann@example.org")
    mail = parse(raw.split(b"\r\n", 2)[2])
    assert not [part for part in mail.walk() if part.get_content_type() == "image/png"] and number_of(office) in plain(mail)
