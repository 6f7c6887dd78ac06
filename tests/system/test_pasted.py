"""Text from the clipboard of Word, LibreOffice and web pages, as these programs put it there. tests/data/pasted has samples of
more programs, and the Markdown that is to become of each; libreoffice-writer and -calc are the output of LibreOffice 7.4."""
import glob
import json
import os

import pytest
from browser import in_browser, needs_browser
from test_documents import convert
from test_press_room import FIELDS, desk  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=ProgId content=Word.Document>
<meta name=Generator content="Microsoft Word 15"><link rel=File-List href="file:///C:/Users/ann/AppData/Local/Temp/msohtmlclip1/01/clip_filelist.xml">
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->
<style><!-- p.MsoNormal {margin:0cm;font-size:11.0pt;} @list l0:level1 {mso-level-number-format:bullet;} --></style></head>
<body lang=EN-GB link="#0563C1" vlink="#954F72" style='tab-interval:36.0pt'>
<!--StartFragment-->
<p class=MsoTitle>The ferries go again<o:p></o:p></p>
<h2><a name="_Toc123"></a>Timetable<o:p></o:p></h2>
<p class=MsoNormal>The minister said: \u201cIt\u2019s a good day\u201d\u2026<span style='mso-spacerun:yes'>\u00a0 </span>The fare is <b style='mso-bidi-font-weight:
normal'>20\u00a0\u20ac</b> \u2013 as <i>ever</i>.<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal>He <ins cite="mailto:Ann" datetime="2026-08-25T10:00"><span lang=EN-US>never </span></ins><del cite="mailto:Ann"
datetime="2026-08-25T10:00">always </del>came<a style='mso-footnote-id:ftn1' href="#_ftn1" name="_ftnref1" title=""><span
class=MsoFootnoteReference><span style='mso-special-character:footnote'><![if !supportFootnotes]><span class=MsoFootnoteReference><span
style='font-size:11.0pt'>[1]</span></span><![endif]></span></span></a>.<span class=MsoCommentReference><span style='font-size:8.0pt'><a
class=msocomanchor id="_anchor_1" onmouseover="msoCommentShow('_anchor_1','_com_1')" href="#_msocom_1" language=JavaScript
name="_msoanchor_1">[AL1]</a></span></span><o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol;mso-fareast-font-family:Symbol'><span style='mso-list:Ignore'>\u00b7<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span></span><![endif]>Aktau<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='margin-left:72.0pt;text-indent:-18.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span
style='font-family:"Courier New"'><span style='mso-list:Ignore'>o<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span></span><![endif]>The
old quay<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>\u00b7<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span></span><![endif]>Quryq<o:p></o:p></p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span style='mso-list:Ignore'>1.<span
style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>First<o:p></o:p></p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span style='mso-list:Ignore'>2.<span
style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>Second<o:p></o:p></p>
<p class=MsoNormal><!--[if gte vml 1]><v:shapetype id="_x0000_t75" coordsize="21600,21600"/><v:shape id="P1" type="#_x0000_t75" alt="A quay">
<v:imagedata src="file:///C:/Users/ann/AppData/Local/Temp/msohtmlclip1/01/clip_image001.png" o:title=""/></v:shape><![endif]--><![if !vml]><img
width=320 height=240 src="file:///C:/Users/ann/AppData/Local/Temp/msohtmlclip1/01/clip_image002.png" alt="A quay" v:shapes="P1"><![endif]><o:p></o:p></p>
<table class=MsoTableGrid border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse;border:none'>
<tr><td width=100 valign=top><p class=MsoNormal><b>Line<o:p></o:p></b></p></td><td width=100><p class=MsoNormal><b>Leaves<o:p></o:p></b></p></td></tr>
<tr><td><p class=MsoNormal>Aktau<o:p></o:p></p></td><td><p class=MsoNormal>9:00<o:p></o:p></p><p class=MsoNormal>10:00 | 11:00<o:p></o:p></p></td></tr>
<tr><td colspan=2><table><tr><td><p class=MsoNormal>Inner</p></td><td><p>Cell</p></td></tr></table></td></tr></table>
<p class=MsoNormal>See <a href="https://www.example.org/fair%20plan?a=1&amp;b=2">the plan</a> and <a href="file:///C:/Users/ann/plan.docx">the file</a>,
<a href="#_Toc123">above</a>. <span style='display:none;mso-hide:all'>Secret</span><span style='mso-no-proof:yes'>5 * 3 = 15, a_b_c, [x], 1. y, # z</span><o:p></o:p></p>
<div style='mso-element:footnote-list'><![if !supportFootnotes]><br clear=all><hr align=left size=1 width="33%"><![endif]>
<div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText><a style='mso-footnote-id:ftn1' href="#_ftnref1" name="_ftn1" title=""><span
class=MsoFootnoteReference><span style='mso-special-character:footnote'><![if !supportFootnotes]><span>[1]</span><![endif]></span></span></a>
By train, at first.<o:p></o:p></p></div></div>
<div style='mso-element:comment-list'><hr class=msocomoff align=left size=1 width="33%"><div style='mso-element:comment'><div id="_com_1"
class=msocomtxt><p class=MsoCommentText>Is that so?<o:p></o:p></p></div></div></div>
<!--EndFragment--></body></html>"""

LIBRE = """<!DOCTYPE html>
<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"/><title></title><meta name="generator" content="LibreOffice 7.4.7.2 (Linux)"/>
<style type="text/css">@page { size: 21cm 29.7cm; margin: 2cm } p { line-height: 115%; margin-bottom: 0.25cm; background: transparent }
td p { orphans: 0; widows: 0; background: transparent } a.sdfootnoteanc { font-size: 57% }</style></head>
<body lang="en-GB" link="#000080" vlink="#800000" dir="ltr"><h1 class="western">Harbour</h1>
<p style="line-height: 100%; margin-bottom: 0cm"><font face="Liberation Serif, serif"><font size="3" style="font-size: 12pt">Dear <b>readers</b>,
<i>welcome</i><a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1</sup></a> to <u>the quay</u>.</font></font></p>
<p style="margin-bottom: 0cm"><br/>
</p>
<ul><li><p style="margin-bottom: 0cm">One</p></li><ul><li><p style="margin-bottom: 0cm">Below</p></li></ul><li><p>Two</p></li></ul>
<ol start="3"><li><p>Third</p></li><li><p>Fourth</p></li></ol>
<p><img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" name="Image1" alt="A map" align="left" width="100" height="100" border="0"/>
<br/>
</p>
<table width="100%" cellpadding="4" cellspacing="0"><col width="128*"/><col width="128*"/><thead><tr valign="top"><th width="50%"><p>Line</p></th><th><p>Leaves</p></th></tr></thead>
<tbody><tr valign="top"><td><p>Aktau</p></td><td><p>9:00</p></td></tr></tbody></table>
<p><del cite="#" datetime="2026"></del><strike>gone</strike> H<sub>2</sub>O and <font color="#ff0000">red</font></p>
<div id="sdfootnote1"><p class="sdfootnote"><a class="sdfootnotesym" name="sdfootnote1sym" href="#sdfootnote1anc">1</a>The note.</p></div></body></html>"""

WEB = """<html><body><!--StartFragment--><div class="mw-parser-output" style="box-sizing: border-box; color: rgb(32, 33, 34);"><nav><a href="/menu">Menu</a></nav>
<h2 style="margin:0"><span class="mw-headline">Ports</span><span class="mw-editsection" aria-hidden="true">[<a href="/edit">edit</a>]</span></h2>
<div><div>First line<br>second line</div><div>Third <span style="font-weight: 700;">bold</span> <em>slanted</em> <code>x_y</code></div></div>
<figure><picture><source srcset="https://www.example.org/a.webp"><img src="https://www.example.org/a.jpg" srcset="https://www.example.org/a2.jpg 2x" alt="A port"></picture>
<figcaption>The port</figcaption></figure>
<table role="presentation"><tbody><tr><td><table><tbody><tr><th>A</th><th>B</th></tr><tr><td rowspan="2">1</td><td>2</td></tr><tr><td>3</td></tr></tbody></table></td></tr></tbody></table>
<p>Read <a href="/wiki/Aktau" title="Aktau">Aktau</a>, <a href="https://www.example.org/x?utm_source=a">this</a> and <a href="javascript:void(0)">that</a>.<img src="https://t.example.org/p.gif" width="1" height="1"></p>
<blockquote><p>Quoted<br>words</p></blockquote><pre>code  here
  two</pre><button>Buy</button><svg viewBox="0 0 1 1"><title>icon</title></svg><video src="a.mp4"></video><script>alert(1)</script><style>p{}</style>
<ul><li>One<ul><li>Below</li></ul></li><li><input type="checkbox" checked> Two</li></ul><hr><p>\u200bEnd\u00ad</p></div><!--EndFragment--></body></html>"""


def pasted(desk, data):  # noqa: F811
    told = json.loads(convert(desk, data).text)
    return told["text"], told["dropped"]


@pytest.mark.slow(1)
def test_from_word(desk):  # noqa: F811
    """Nothing after a picture is lost: Word puts each into a comment with a condition."""
    text, dropped = pasted(desk, WORD)
    assert text == (
        "# The ferries go again\n\n## Timetable\n\nThe minister said: \u201cIt\u2019s a good day\u201d\u2026 The fare is **20\u00a0\u20ac** \u2013 as *ever*."
        "\n\nHe never came[^1].\n\n- Aktau\n  - The old quay\n- Quryq\n\n1.  First\n2.  Second\n\n"
        "| Line | Leaves |\n|---|---|\n| Aktau | 9:00 10:00 \\| 11:00 |\n| Inner Cell |  |\n\n"
        "See [the plan](https://www.example.org/fair%20plan?a=1&b=2) and the file, above. 5 \\* 3 = 15, a_b_c, \\[x\\], 1. y, # z\n\n"
        "[^1]: By train, at first.\n")
    assert dropped == ("pictures that are not in the document (1), comments (1), deleted text (1), links that readers cannot open (1), "
                       "joined cells of tables (1), hidden text (1)")


def test_from_libreoffice(desk):  # noqa: F811
    text, dropped = pasted(desk, LIBRE)
    assert text == (
        "# Harbour\n\nDear **readers**, *welcome*[^1] to the quay.\n\n- One\n  - Below\n- Two\n\n3.  Third\n4.  Fourth\n\n"
        "![A map](document-1.gif)\n\n| Line | Leaves |\n|---|---|\n| Aktau | 9:00 |\n\n~~gone~~ H\u2082O and red\n\n[^1]: The note.\n")
    assert dropped == ""


def test_from_a_web_page(desk):  # noqa: F811
    text, dropped = pasted(desk, WEB)
    assert text.startswith("Menu\n\n## Ports\\[edit\\]\n\nFirst line\\\nsecond line\n\nThird **bold** *slanted* x_y\n\nThe port\n\n"
                           "| A | B |\n|---|---|\n| 1 | 2 |\n|  | 3 |\n\nRead Aktau, [this](https://www.example.org/x?utm_source=a) and that.\n\n"
                           "> Quoted\\\n> words\n\n```\ncode  here\n  two\n```\n\n- One\n  - Below\n- Two\n\n***\n")
    assert dropped == ("scripts and embedded pages (2), fields of forms (2), pictures that are not in the document (1), "
                       "drawings, charts and other objects (2), links that readers cannot open (4), joined cells of tables (1)")


@pytest.mark.parametrize("data, text", [
    ("<p>a<!-- b --> c<!--[if !mso]><!--> d<!--<![endif]--> e</p>", "a c d e\n"),
    ("<p>a</p><!-- no end <p>b</p>", "a\n\n\\<!-- no end\n\nb\n"),
    ("<p>a<![if !x]>b<![endif]>c</p>", "abc\n"),
    ("<p>1 < 2 <! x 20 m<sup>2</sup> x<sup>th</sup></p>", None),
    ("<p>" + "<!--" * 200000 + "z</p>", None),
], ids=["comments", "no end", "condition", "signs", "many without an end"])
def test_conditions_and_comments(desk, data, text):  # noqa: F811
    got = pasted(desk, data)[0]
    assert text is None and got or got == text


SAMPLES = os.path.join(os.path.dirname(__file__), "..", "data", "pasted")
TOLD = {"chrome-page": "scripts and embedded pages (1), fields of forms (1), pictures that are not in the document (1), hidden text (2)",
        "excel": "joined cells of tables (2)", "gmail": "pictures that are not in the document (1)",
        "google-docs": "pictures that are not in the document (1), joined cells of tables (1)", "google-sheets": "joined cells of tables (1)",
        "libreoffice-writer": "joined cells of tables (2)", "outlook": "pictures that are not in the document (1)",
        "word": "pictures that are not in the document (1), comments (1), deleted text (1), joined cells of tables (2)"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@needs_browser
@pytest.mark.slow(10)
def test_into_the_editor(desk):  # noqa: F811
    """Samples from the clipboard are pasted in Chromium, and a page is copied there: cells keep their columns, addresses lead where they
    say, nothing of looks and scripts is left, and the page says what was left out."""
    desk.save(revision=desk.revision(), **{**FIELDS, "body": "x"})
    names = [os.path.basename(path)[:-5] for path in sorted(glob.glob(os.path.join(SAMPLES, "*.html")))]
    plan = {"url": desk.http.url, "path": desk.path, "password": PASSWORD,
            "samples": [read(os.path.join(SAMPLES, name + ".html")) for name in names]}
    told = in_browser("paste.cjs", plan)
    assert told["complaints"] == []
    for name, (text, dropped) in zip(names, told["pasted"]):
        assert text == read(os.path.join(SAMPLES, name + ".md")), name
        assert dropped == (f"Left out: {TOLD[name]}" if name in TOLD else ""), name
        assert not any(word in text.lower() for word in ("style", "mso", "<span", "font", "script", "class", "guid")), name
    copied, dropped = told["copied"]  # Chromium itself copies a plain blank for one that does not break
    assert copied == ("## Timetable\n\nThe **ferries** sail to [the *fair*](https://www.example.org/fair) at 9 h, “quoted”.\n\n1.  First\n    - Below\n"
                      "2.  Second\n\n| Boat |  | Price |\n|---|---|---|\n| Star | Single | 1 |\n|  | Return | 2 |\n\nتبحر **العبّارات**\n")
    assert dropped == "Left out: joined cells of tables (2)"
