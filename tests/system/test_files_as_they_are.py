"""Files as spreadsheets, other programs and people write them; nobody in them is lost in silence."""
import io
import json
import os
import stat
import threading
import zipfile

import pytest

CONSENT = ("--consent", "visitors book, 2026")


def bring_in(site, text, *args, expect=0):
    for table in ("delivery", "confirmation", "event", "subscription", "subscriber", "suppression"):
        site.sql(f"DELETE FROM {table}")
    data = text if isinstance(text, bytes) else text.encode()
    result = site.run("import", "-", *CONSENT, *args, stdin=data, expect=expect)
    result.people = site.sql("SELECT address, name FROM subscriber ORDER BY id")
    return result


ANN, BOB = ("ann@example.org", "Ann"), ("bob@example.org", "Bob")

# ---- lines ----


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"], ids=["cr", "lf", "crlf", "crcrlf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(site, end, last):
    for lines in (["email,name", "ann@example.org,Ann", "bob@example.org,Bob"], ["email;name", '"ann@example.org";Ann', "bob@example.org;Bob"],
                  ["Ann <ann@example.org>", "Bob <bob@example.org>"], ["email\tname", "", "ann@example.org\tAnn", "", "bob@example.org\tBob"],
                  ['{"email": "ann@example.org", "name": "Ann"}', '{"email": "bob@example.org", "name": "Bob"}']):
        text = end.join(lines) + (end if last else "")
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            result = bring_in(site, text.encode(encoding))
            assert result.people == [ANN, BOB] and "2 rows" in result.out, (lines, encoding)


def test_one_column_and_bare_addresses_with_cr(site):
    assert bring_in(site, "email\rann@example.org\rbob@example.org\r").people == [(ANN[0], None), (BOB[0], None)]
    assert bring_in(site, "ann@example.org\rbob@example.org").people == [(ANN[0], None), (BOB[0], None)]


@pytest.mark.slow(1)
def test_a_quoted_break_in_a_header(site):
    for end in ("\r", "\n", "\r\n"):
        for inner in ("\r", "\n"):
            text = f'"email",name,"a{inner}b"{end}ann@example.org,Ann,x{end}bob@example.org,Bob,y{end}'
            result = bring_in(site, text, expect=None)
            assert result.people == [ANN, BOB] or result.returncode == 65, text


@pytest.mark.parametrize("text", ["Bob <bob@example.org>\rEve <eve@example.org>\r\nAnn <ann@example.org>\r\n",
                                  "email,name\r\nann@example.org,An\rn\r\n", "email\r\nann@example.org\rbob@example.org\r\n"])
def test_a_stray_cr_loses_nobody(site, text):
    result = bring_in(site, text, expect=None)
    assert result.returncode == 65 and result.people == [] or len(result.people) == text.count("@")


# ---- what is no row ----

@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("first, sign", [("sep=;", ";"), ("sep=,", ","), ("sep=\t", "\t"), ("sep=tab", "\t"), ('"sep=;"', ";"), ("SEP=;", ";"),
                                         ("sep=|", "|"), ("sep=;;;", ";"), ("\ufeffsep=;", ";")])
def test_sep(site, first, sign):
    for end in ("\n", "\r\n", "\r"):
        assert bring_in(site, end.join([first, f"email{sign}name", f"ann@example.org{sign}Ann", ""])).people == [ANN]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("row", [",", ",,,", '"",""', " , ", "\u00a0,\u00a0", "\t", "", "   "])
def test_rows_of_separators(site, row):
    result = bring_in(site, f"{row}\nemail,name\n{row}\nann@example.org,Ann\n{row}\n{row}\n")
    assert result.people == [ANN] and "1 rows" in result.out


def test_trailing_separators(site):
    assert bring_in(site, "email;name;;\nann@example.org;Ann;;\nbob@example.org;Bob;;;;;\n").people == [ANN, BOB]
    assert "it has 3 fields" in bring_in(site, "email,name\nann@example.org,Ann,x\n", expect=65).err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\r\n\x1a\x1a", "\x1a\r\n"])
def test_the_end_of_dos_files(site, end):
    assert bring_in(site, "email,name\nann@example.org,Ann" + end).people == [ANN]
    assert bring_in(site, "Ann <ann@example.org>" + end).people == [ANN]
    assert bring_in(site, "email,name\nann@example.org,A\x1ann\nbob@example.org,Bob\n", expect=65).people == []


def test_files_put_together(site):
    one, two = "\ufeffemail,name\nann@example.org,Ann\n", "\ufeffemail,name\nbob@example.org,Bob\n"
    result = bring_in(site, one + two)
    assert result.people == [ANN, BOB] and "2 rows" in result.out
    assert bring_in(site, '\ufeff\ufeffemail,name\n\ufeff"ann@example.org","Ann"\n').people == [ANN]
    assert bring_in(site, "email,name\nann@example.org,Ann\nemail,name\nbob@example.org,Bob\n").people == [ANN, BOB]


# ---- files without a header ----

@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("line, people", [
    ("Ann <ann@example.org>, Bob <bob@example.org>", [ANN, BOB]), ("Ann <ann@example.org>; Bob <bob@example.org>;", [ANN, BOB]),
    ("ann@example.org, bob@example.org", [(ANN[0], None), (BOB[0], None)]), ("ann@example.org bob@example.org", [(ANN[0], None), (BOB[0], None)]),
    ('"Lee, Ann" <ann@example.org>, Bob <bob@example.org>', [(ANN[0], "Lee, Ann"), BOB]),
    ("Lee, Ann <ann@example.org>; Roe, Bob <bob@example.org>", [(ANN[0], "Lee, Ann"), (BOB[0], "Roe, Bob")]),
    ("ann@example.org Ann Lee", [(ANN[0], "Ann Lee")]), ("ann@example.org\tAnn Lee", [(ANN[0], "Ann Lee")]),
    ("ann@example.org (Ann Lee)", [(ANN[0], "Ann Lee")]), ("<ann@example.org>", [(ANN[0], None)]), ("  ann@example.org  ", [(ANN[0], None)]),
    ('"Ann \\"the\\" Lee" <ann@example.org>', [(ANN[0], 'Ann "the" Lee')]), ('"a,b"@example.org, Bob <bob@example.org>', [('"a,b"@example.org', None), BOB])])
def test_mailboxes(site, line, people):
    result = bring_in(site, line + "\n")
    assert result.people == people and f"{len(people)} rows" in result.out
    assert bring_in(site, line + "\n" + "Eve <eve@example.org>\n").people == people + [("eve@example.org", "Eve")]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("line", ["Ann <ann@example.org> x", "Ann <ann@example.org>, Bob", "ann@example.org, nonsense@", "Ann ann@example.org Lee",
                                  "ann@example.org x bob@example.org"])
def test_mailboxes_with_something_behind(site, line):
    result = bring_in(site, f"Eve <eve@example.org>\n{line}\n", expect=65)
    assert result.people == [] and "line 2:" in result.err


def test_an_address_with_others_in_one_cell(site):
    result = bring_in(site, 'email,name\n"ann@example.org, bob@example.org",Ann\n', expect=65)
    assert "more than one address" in result.err
    assert "more than one address" in bring_in(site, "email\nann@example.org bob@example.org\n", expect=65).err


def test_csv_without_a_header(site):
    result = bring_in(site, "ann@example.org,Ann,2020\nbob@example.org,Bob,2021\n", expect=65)
    assert "'ann@example.org' stands where the names of the columns should" in result.err


def test_a_dump_of_sympa(site):
    text = ("email ann@example.org\ngecos Ann Lee\ndate 1577934245\nupdate_date 1577934245\nreception mail\nsubscribed 1\nincluded 0\n\n"
            "email bob@example.org\ngecos Bob\ndate 1577934245\nreception nomail\nvisibility conceal\n\n"
            "email eve@example.org\nreception digest\nbounce 1577934245 1577934245 1 5.1.1\nsubscribed 0\nincluded 1\n\n\n"
            "email cyd@example.org\ndate 1577934245\nsuspend 1")
    result = bring_in(site, text)
    assert result.people == [("ann@example.org", "Ann Lee"), BOB, ("eve@example.org", None), ("cyd@example.org", None)]
    assert site.sql("SELECT state FROM subscription ORDER BY id") == [("active",), ("unsubscribed",), ("active",), ("unsubscribed",)]
    assert site.sql("SELECT created_at FROM subscriber ORDER BY id LIMIT 1") == [(1577934245,)]


@pytest.mark.slow(1)
def test_a_json_array_has_a_limit(site):
    row = json.dumps({"email": "ann@example.org", "note": "x" * 1_000_000}) + ",\n"
    assert "jq -c" in bring_in(site, "[" + row * 68 + row[:-2] + "]", expect=65).err


# ---- attributes ----

@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("given, kept, told", [
    ({"stack": {"languages": ["go"]}}, {"stack_languages": ["go"]}, None), ({"o": {"a": 1}}, {"o_a": "1"}, None),
    ({"a": ["x", 1, True, None, 2.5]}, {"a": ["x", "1", "true", "2.5"]}, None), ({"a": None, "b": True, "c": 1.5}, {"b": "true", "c": "1.5"}, None),
    ({"City of birth": "Aktau"}, {"City_of_birth": "Aktau"}, None), ({"a": [["x"]], "b": "y"}, {"b": "y"}, "left out, since they are not texts: a"),
    ({"город": "Актау", "b": "y"}, {"b": "y"}, "город"), ({"o": {"a": 1}, "o_a": 2}, {"o_a": "1"}, "o_a"),
    ({"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}, "x": "y"}, {"x": "y"}, "a_b_c_d"), ({"a": [{"name": "p"}, {"name": "q"}]}, {"a": ["p", "q"]}, None)])
def test_attributes_of_listmonk(site, given, kept, told):
    cell = json.dumps(given, ensure_ascii=False).replace('"', '""')
    for text in (f'email,attributes\nann@example.org,"{cell}"\n', json.dumps({"email": "ann@example.org", "attribs": given}, ensure_ascii=False)):
        result = bring_in(site, text)
        assert json.loads(site.sql("SELECT attributes FROM subscriber")[0][0]) == kept
        assert told is None and "left out, since" not in result.out or told is not None and told in result.out


def test_columns_kept_as_attributes(site):
    result = bring_in(site, "email,Город,x\nann@example.org,Актау,1\n", "--keep-columns", expect=65)
    assert "column 'Город' cannot be the name of an attribute" in result.err
    bring_in(site, "email,Город,x\nann@example.org,Актау,1\n", "--keep-columns", "--map", "attribute.city=Город")
    assert json.loads(site.sql("SELECT attributes FROM subscriber")[0][0]) == {"city": "Актау", "x": "1"}
    result = bring_in(site, "email,a b,a_b\nann@example.org,1,2\n", "--keep-columns", expect=65)
    assert "two columns are the attribute a_b" in result.err


# ---- files that are no text ----

def packed(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x" * 100)
    return out.getvalue()


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("data, words", [
    (packed("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), "an Excel workbook"),
    (packed("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "a Word document"), (packed("members.csv"), "a ZIP archive"),
    (packed("Index/Document.iwa"), "Numbers"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "an Excel workbook (xls)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "a Word document (doc)"),
    (b"%PDF-1.7\n", "a PDF document"), (b"\x1f\x8b\x08\0\0", "gzip"), (b"{\\rtf1 x}", "RTF"), (b"SQLite format 3\0", "SQLite"),
    (b"<html><table><tr><td>ann@example.org", "a web page"), (b"<!DOCTYPE html>", "a web page"), (b"BEGIN:VCARD\r\nEMAIL:ann@example.org\r\n", "vCard"),
    (b"dn: cn=Ann,mail=ann@example.org\n", "LDIF"), (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "an Excel workbook (XML)")],
    ids=lambda value: "" if isinstance(value, bytes) else value)  # archives hold the time: workers must agree on names
def test_files_that_are_no_text(site, data, words):
    for more in ((), ("--format", "csv"), ("--encoding", "windows-1251"), ("--format", "jsonl")):
        result = bring_in(site, data, *more, expect=65)
        assert words in result.err and "CSV" in result.err and result.people == []


def test_an_open_document(site):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "an OpenDocument spreadsheet" in bring_in(site, out.getvalue(), expect=65).err


def test_an_issue_that_is_no_text(site):
    path = site.write("issue.docx", packed("[Content_Types].xml", "_rels/.rels", "word/document.xml"))
    assert "issue.docx is a Word document: write issues as text" in site.run("check", path, expect=65).err


# ---- files that are written ----

def test_output_is_a_file_of_ones_own(site):
    site.add_active(["ann@example.org"])
    path = site.write("out.csv", "somebody else's")
    os.chmod(path, 0o666)
    before = os.stat(path).st_ino
    with open(path, encoding="utf-8") as held:
        site.run("export", "--output", "out.csv")
        assert held.read() == "somebody else's"  # who had it open sees nothing
    assert os.stat(path).st_ino != before and stat.S_IMODE(os.stat(path).st_mode) == 0o600
    os.unlink(path)
    target = site.write("target", "x")
    os.symlink(target, path)
    site.run("export", "--output", "out.csv")
    assert not os.path.islink(path) and open(target, encoding="utf-8").read() == "x"
    site.write("bad.txt", "x")
    site.run("import", "-", "--rejects", "bad.txt", stdin=b"email\nnonsense\n", expect=65)
    assert stat.S_IMODE(os.stat(os.path.join(site.folder, "bad.txt")).st_mode) == 0o600
    assert not [name for name in os.listdir(site.folder) if name.startswith(("out.csv.", "bad.txt."))]


def test_output_that_fails_leaves_what_was_there(site):
    path = site.write("out.json", "x")
    site.run("export", "--subject", "nobody@example.org", "--output", "out.json", expect=67)
    assert open(path, encoding="utf-8").read() == "x" and sorted(os.listdir(site.folder)).count("out.json") == 1
    site.run("export", "--output", "no/such/folder", expect=66)


@pytest.mark.one_engine("the database is a file")
def test_output_over_the_database_or_the_input(site):
    assert "belongs to the database" in site.run("export", "--output", "newsletter.db", expect=64).err
    site.write("in.csv", "email\nnonsense\n")
    assert "is the file to import" in site.run("import", "in.csv", *CONSENT, "--rejects", "in.csv", expect=64).err
    assert "belongs to the database" in site.run("import", "in.csv", *CONSENT, "--rejects", "newsletter.db", expect=64).err


def test_output_to_a_pipe_and_to_standard_output(site):
    site.add_active(["ann@example.org"])
    pipe = os.path.join(site.folder, "pipe")
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(open(pipe, encoding="utf-8").read()))
    reader.start()
    site.run("export", "--output", "pipe")
    reader.join(20)
    assert "ann@example.org" in got[0] and stat.S_ISFIFO(os.stat(pipe).st_mode)
    assert "ann@example.org" in site.run("export", "--output", "/dev/stdout").out


def test_for_a_spreadsheet(site):
    names = ['=HYPERLINK("http://x")', "+1+cmd", "@SUM(1)", "-2+3", "＝1+1", "Ann", "a=b"]
    rows = "".join(json.dumps({"email": f"r{number}@example.org", "name": name}) + "\n" for number, name in enumerate(names))
    bring_in(site, rows + json.dumps({"email": "=1@example.org"}) + "\n")
    plain = site.run("export").out
    assert '"=HYPERLINK(""http://x"")"' in plain and '"=1@example.org"' in plain
    safe = site.run("export", "--for-spreadsheet").out
    assert '"\'=HYPERLINK(""http://x"")"' in safe and '"\'=1@example.org"' in safe and "\"'＝1+1\"" in safe
    for name in ("+1+cmd", "@SUM(1)", "-2+3"):
        assert f'"\'{name}"' in safe
    assert '"Ann"' in safe and '"a=b"' in safe
    site.run("export", "--for-spreadsheet", "--format", "jsonl", expect=64)


def test_states_of_an_export(site):
    for word in ("activ", "blocked", "all", ""):
        assert "active" in site.run("export", "--state", word, expect=64).err
    site.run("export", "--state", "active")
