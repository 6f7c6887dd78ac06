"""Writes man pages in scdoc's notation, from the help texts of the commands.

    man-page.py --all FOLDER HELP... -- SCDOC...   the pages of all commands, set by SCDOC, in FOLDER
    man-page.py --index PAGE LIST HELP...          PAGE, with all commands by group instead of @COMMANDS@
"""
import os
import re
import subprocess
import sys


def plain(text):
    return re.sub(r"([\\*_#<>`~\[\]|])", r"\\\1", text)


def marked(text):
    """Usage and options: words in capitals are what one replaces, the others what one types."""
    out = []
    for word in re.findall(r"[A-Z][A-Z0-9:.=_-]*(?:\.md)?|--?[a-z][a-z-]*|[a-z][a-z.-]*|.", text):
        if re.fullmatch(r"[A-Z][A-Z0-9:.=_-]*(\.md)?", word):
            out.append(f"_{plain(word)}_")
        elif re.match(r"[a-z-]", word) and len(word) > 1:
            out.append(f"*{plain(word)}*")
        else:
            out.append(plain(word))
    return "".join(out)


def synopsis(lines):
    """One form of the command on each line; deeper lines go on with the one before."""
    forms = []
    for line in lines:
        form = re.sub(r"^(Usage: |       (?=newsletter))", "", line)
        if form.startswith("newsletter"):
            forms.append(form)
        else:
            forms[-1] += " " + form.strip()
    return "++\n".join(marked(form) for form in forms)


def options(lines):
    """'  --list NAME  text', and deeper lines that go on with the text."""
    out = []
    for line in lines:
        found = re.fullmatch(r"  (\S.*?)(?:  +(\S.*))?", line)
        if found and not line.startswith("   "):
            out += ["", marked(found.group(1)), *([f"\t{plain(found.group(2))}"] if found.group(2) else [])]
        else:
            out.append(f"\t{plain(line.strip())}")
    return out[1:]


def page(name, text):
    summary, rest = text.rstrip("\n").split("\n\n", 1)
    usage, *paragraphs = rest.split("\n\n")
    out = [f"newsletter-{name}(1)", "", "# NAME", "", f"newsletter-{name} - {plain(summary)}", "",
           "# SYNOPSIS", "", synopsis(usage.split("\n")), "", "# DESCRIPTION", ""]
    if not paragraphs[:-1]:
        out += [plain(summary[0].upper() + summary[1:]) + ".", ""]
    for paragraph in paragraphs:
        lines = paragraph.split("\n")
        if lines[0].startswith("Example"):
            where, first = re.fullmatch(r"Example(.*?):(.*)", lines[0]).groups()
            introduction = [plain(where.strip(" ,").capitalize()) + ":", ""] if where else []
            example = [line.strip() for line in [first.strip(), *lines[1:]] if line.strip()]
            out += ["# EXAMPLE", "", *introduction, "```", example[0], *(f"    {line}" for line in example[1:]), "```", ""]
        elif lines[0].startswith("  "):
            out += [*options(lines), ""]
        else:
            out += [plain(" ".join(lines)), ""]
    return "\n".join([*out, "# SEE ALSO", "", "*newsletter*(1), *newsletter.yaml*(5)"])


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def index(text, listed, helps):
    """`listed` is commands.def: the groups are in the order in which they first come."""
    summaries = {os.path.basename(path)[:-len(".txt")]: read(path).split("\n", 1)[0] for path in helps}
    groups = {}
    for name, group in re.findall(r"^COMMAND\((\w+), (\w+)\)$", listed, re.M):
        groups.setdefault(group, []).append(name.replace("_", "-"))
    out = ["Each has a page of its own."]
    for group, names in groups.items():
        out += ["", f"## {group.replace('_', ' ').capitalize()}", ""]
        for name in names:
            out += [f"*newsletter-{plain(name)}*(1)", f"\t{plain(summaries[name])}"]
    return text.replace("@COMMANDS@", "\n".join(out))


def write_all(folder, helps, scdoc):
    for path in helps:
        name = os.path.basename(path)[:-len(".txt")]
        with open(os.path.join(folder, f"newsletter-{name}.1"), "wb") as out:
            subprocess.run(scdoc, input=(page(name, read(path)) + "\n").encode(), stdout=out, check=True)


if sys.argv[1] == "--index":
    print(index(read(sys.argv[2]), read(sys.argv[3]), sys.argv[4:]), end="")
else:
    end = sys.argv.index("--")
    write_all(sys.argv[2], sys.argv[3:end], sys.argv[end + 1:])
