"""Mails as Outlook saves them (.msg): compound files (MS-CFB) with the storages of MS-OXMSG, and compressed RTF (MS-OXRTFCP)
that wraps HTML or plain text (MS-OXRTFEX)."""
import html.entities
import re
import struct
import zlib

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR, MINI, CUTOFF = 512, 64, 4096


# ---- compound files ----

def _balanced(numbers):
    """The root of a tree of these entries, which are in order: (number, left, right) nested."""
    if not numbers:
        return None
    middle = len(numbers) // 2
    return numbers[middle], _balanced(numbers[:middle]), _balanced(numbers[middle + 1:])


class Compound:
    """A compound file of nested dictionaries: name -> bytes, or another dictionary."""

    def __init__(self, tree):
        self.entries = []  # [name, type, left, right, child, start, size]
        self.sectors, self.fat = [], []
        self.mini, self.mini_fat = bytearray(), []
        self._add("Root Entry", 5, tree)
        root = self.entries[0]
        root[6] = len(self.mini)
        root[5] = self._chain(bytes(self.mini)) if self.mini else END

    def _add(self, name, kind, content):
        number = len(self.entries)
        entry = [name, kind, FREE, FREE, FREE, 0, 0]
        self.entries.append(entry)
        if isinstance(content, bytes):
            entry[5], entry[6] = self._stream(content), len(content)
            return number
        children = [self._add(child, 1 if isinstance(content[child], dict) else 2, content[child])
                    for child in sorted(content, key=lambda child: (len(child), child.upper()))]
        entry[4] = self._link(_balanced(children))
        return number

    def _link(self, node):
        if node is None:
            return FREE
        number, left, right = node
        self.entries[number][2], self.entries[number][3] = self._link(left), self._link(right)
        return number

    def _chain(self, data):
        first = len(self.sectors)
        for at in range(0, len(data), SECTOR):
            self.sectors.append(data[at:at + SECTOR].ljust(SECTOR, b"\0"))
            self.fat.append(len(self.sectors))
        self.fat[-1] = END
        return first

    def _stream(self, data):
        if not data:
            return END
        if len(data) >= CUTOFF:
            return self._chain(data)
        first = len(self.mini_fat)
        for at in range(0, len(data), MINI):
            self.mini += data[at:at + MINI].ljust(MINI, b"\0")
            self.mini_fat.append(len(self.mini_fat) + 1)
        self.mini_fat[-1] = END
        return first

    def data(self):
        """The whole file."""
        directory = b"".join(struct.pack("<64sHBBIII16xI16xIQ", name.encode("utf-16-le"), 2 * len(name) + 2, kind, 1, left, right, child,
                                         0, start, size) for name, kind, left, right, child, start, size in self.entries)
        directory = self._chain(directory)
        mini = self._chain(struct.pack(f"<{len(self.mini_fat)}I", *self.mini_fat)) if self.mini_fat else END
        mini_sectors = -(-4 * len(self.mini_fat) // SECTOR)
        count = 0
        while count * SECTOR // 4 < len(self.fat) + count:
            count += 1
        assert count <= 109
        places = [len(self.sectors) + i for i in range(count)]
        fat = self.fat + [FAT] * count
        fat += [FREE] * (count * SECTOR // 4 - len(fat))
        header = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory, 0,
                             CUTOFF, mini, mini_sectors, END, 0)
        header += struct.pack("<109I", *places, *[FREE] * (109 - count))
        return header + b"".join(self.sectors) + struct.pack(f"<{len(fat)}I", *fat)


# ---- properties ----

STRING8, UNICODE, BINARY, OBJECT, LONG = 0x1E, 0x1F, 0x102, 0x0D, 0x03


class Properties:
    """The streams of a mail or an attachment. With a code page, its texts are in that."""

    def __init__(self, code_page=None):
        self.tree, self.fixed, self.code_page = {}, b"", code_page

    def put(self, tag, kind, data):
        self.tree[f"__substg1.0_{tag:04X}{kind:04X}"] = data
        self.fixed += struct.pack("<HHIII", kind, tag, 6, len(data) if isinstance(data, bytes) else FREE, 0)

    def text(self, tag, text):
        if self.code_page:
            self.put(tag, STRING8, text.encode(encoding(self.code_page), "replace"))
        else:
            self.put(tag, UNICODE, text.encode("utf-16-le"))

    def number(self, tag, number):
        self.fixed += struct.pack("<HHIII", LONG, tag, 6, number, 0)

    def finish(self, head):
        self.tree["__properties_version1.0"] = bytes(head) + self.fixed
        return self.tree


def storage(text=None, html=None, html_text=None, rtf=None, headers=None, subject="A title", attachments=(), code_page=None, internet_code_page=65001,
            html_charset="utf-8", within=False, kind="IPM.Note"):
    """The storage of a mail. rtf: bytes, as they stand in their stream."""
    mail = Properties(code_page)
    mail.text(0x001A, kind)
    mail.text(0x0037, subject)
    mail.text(0x0C1A, "Carl")
    mail.text(0x0C1F, "carl@example.org")
    if code_page:
        mail.number(0x3FFD, code_page)
    mail.number(0x3FDE, internet_code_page)
    if headers is not None:
        mail.text(0x007D, headers)
    if text is not None:
        mail.text(0x1000, text.replace("\r\n", "\n").replace("\n", "\r\n"))
    if html is not None:
        mail.put(0x1013, BINARY, html.encode(html_charset))
    if html_text is not None:
        mail.text(0x1013, html_text)
    if rtf is not None:
        mail.put(0x1009, BINARY, rtf)
    for number, attachment in enumerate(attachments):
        mail.tree[f"__attach_version1.0_#{number:08X}"] = attachment
    mail.tree["__nameid_version1.0"] = {"__substg1.0_00020102": b"", "__substg1.0_00030102": b"", "__substg1.0_00040102": b""}
    return mail.finish(24 if within else 32)


def message(**what):
    """A file with a mail, see storage()."""
    return Compound(storage(**what)).data()


def file(name, data, mime=None, code_page=None):
    """An attachment with bytes."""
    attachment = Properties(code_page)
    attachment.put(0x3701, BINARY, data)
    attachment.text(0x3707, name)
    if mime:
        attachment.text(0x370E, mime)
    attachment.number(0x3705, 1)
    return attachment.finish(8)


def attached(**what):
    """An attachment that is a mail, see storage()."""
    attachment = Properties()
    attachment.put(0x3701, OBJECT, storage(within=True, **what))
    attachment.text(0x3001, what.get("subject", "A title"))
    attachment.number(0x3705, 5)
    return attachment.finish(8)


# ---- RTF ----

WINDOW = (b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
          b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx")


def packed(rtf, claimed=None):
    """Compressed RTF, with the references that a window of 4096 bytes gives."""
    text = WINDOW + rtf
    at, out, run, flags, pieces = len(WINDOW), bytearray(), b"", 0, 0

    def add(piece, flag):
        nonlocal run, flags, pieces
        run, flags, pieces = run + piece, flags | flag << pieces, pieces + 1
        if pieces == 8:
            out.extend(bytes([flags]) + run)
            run, flags, pieces = b"", 0, 0

    while at < len(text):
        length, found = 0, 0
        for size in range(2, min(17, len(text) - at) + 1):
            place = text.find(text[at:at + size], max(0, at - 4000), at)
            if place < 0:
                break
            length, found = size, place
        if length:
            add(struct.pack(">H", (found % 4096) << 4 | (length - 2)), 1)
            at += length
        else:
            add(text[at:at + 1], 0)
            at += 1
    add(struct.pack(">H", (at % 4096) << 4), 1)
    while pieces:
        add(b"", 0)
    sum_ = zlib.crc32(bytes(out), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return struct.pack("<IIII", len(out) + 12, len(rtf) if claimed is None else claimed, 0x75465A4C, sum_) + bytes(out)


def encoding(code_page):
    return {20866: "koi8-r"}.get(code_page, f"cp{code_page}")


def escaped(text, code_page=None):
    """A text in RTF: in a code page where it has the characters, else by their numbers."""
    out = ""
    for c in text:
        if c in "\\{}":
            out += "\\" + c
        elif c == "\n":
            out += "\\par\r\n"
        elif c == "\t":
            out += "\\tab "
        elif ord(c) < 128:
            out += c
        else:
            coded = c.encode(encoding(code_page), "ignore") if code_page else b""
            units = c.encode("utf-16-le")
            out += "".join(f"\\'{byte:02x}" for byte in coded) or "".join(
                f"\\u{unit}?" for unit in struct.unpack(f"<{len(units) // 2}h", units))
    return out


def wrapped(page, code_page=1252, charset=0):
    """HTML within RTF, as Outlook writes it: tags and entities aside, and what only RTF needs between \\htmlrtf and \\htmlrtf0."""
    out = (f"{{\\rtf1\\ansi\\ansicpg{code_page}\\fromhtml1 \\fbidi \\deff0{{\\fonttbl\r\n{{\\f0\\fswiss\\fcharset{charset} Arial;}}\r\n"
           "{\\f1\\fmodern Courier New;}\r\n{\\f2\\fnil\\fcharset2 Symbol;}}\r\n{\\colortbl\\red0\\green0\\blue0;\\red0\\green0\\blue255;}\r\n"
           "{\\*\\generator Microsoft Exchange Server;}\r\n{\\*\\formatConverter converted from html;}\r\n\\uc1\\pard\\plain\\deftab360 \\f0\\fs24\r\n")
    for piece in re.findall(r"(?s)<!--.*?-->|<style.*?</style>|<[^>]*>|&[#\w]+;|[^<&]+|[<&]", page):
        if piece[0] == "<" and len(piece) > 1:
            out += "{\\*\\htmltag64 " + escaped(piece, code_page) + "}"
            if piece in ("</p>", "</li>", "</h1>"):
                out += "\\htmlrtf \\par\r\n\\htmlrtf0 "
            elif piece.startswith("<a "):
                out += "\\htmlrtf {\\field{\\*\\fldinst{HYPERLINK \"https://elsewhere.example/\"}}{\\fldrslt\\cf1\\ul \\htmlrtf0 {\\*\\mhtmltag84 <a href=x>}"
            elif piece == "</a>":
                out += "\\htmlrtf }\\htmlrtf0 \\htmlrtf }\\htmlrtf0 "
        elif piece[0] == "&":
            shown = html.entities.html5.get(piece[1:], "?")
            out += "{\\*\\htmltag84 " + piece + "}\\htmlrtf " + escaped(shown, code_page) + "\\htmlrtf0 "
        else:
            # A line of the source is a line of the RTF, within a tag of its own.
            out += "{\\*\\htmltag84 \\par }".join(escaped(line.replace("\t", " "), code_page) for line in piece.split("\n"))
    return (out + "}\r\n\0").encode("ascii")


def wrapped_text(text, code_page=1252):
    """Plain text within RTF."""
    return (f"{{\\rtf1\\ansi\\ansicpg{code_page}\\fromtext \\deff0{{\\fonttbl\r\n{{\\f0\\fmodern\\fcharset0 Courier New;}}}}\r\n"
            "{\\*\\generator Microsoft Exchange Server;}\r\n\\uc1\\pard\\plain\\deftab360 \\f0\\fs20 " + escaped(text) + "}").encode("ascii")
