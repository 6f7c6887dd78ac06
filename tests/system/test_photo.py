"""Photos of a printed bulletin: QR codes that are turned, skewed, blurred or badly lit, for the command and for the page."""
import io
import json
import os
import random
import re
import subprocess

import pytest
from conftest import parse, plain
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


@pytest.mark.parametrize("data", [
    png(30000, 1000)[:400], b"\xff\xd8\xff\xe0" + bytes(200), file_of(Image.new("L", (6000, 5000))), png()[:40],
], ids=["cut", "broken", "too many pixels", "head alone"])
def test_pictures_that_cannot_be_read(sent, data):
    run = sent.run("verify", sent.write("photo.jpg", data), expect=None)
    assert run.returncode == 65 and run.err, (run.returncode, run.err)


def test_the_page_takes_a_photo(sent, serve):
    web = serve()
    photo = file_of(WAYS["skewed and turned"](page(code(f"https://news.example.org/genuine?n={number_of(sent)}"))))
    elsewhere = file_of(page(code(f"https://evil.example/genuine?n={number_of(sent)}")))

    def ask(data):
        mark = "mark7351"
        body = (f"--{mark}\r\nContent-Disposition: form-data; name=\"mail\"; filename=\"photo.jpg\"\r\n"
                f"Content-Type: image/jpeg\r\n\r\n").encode() + data + f"\r\n--{mark}--\r\n".encode()
        answer = web.request("POST", "/genuine", body=body, headers={"Content-Type": f"multipart/form-data; boundary={mark}"})
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
