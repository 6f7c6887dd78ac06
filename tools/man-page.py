"""Writes the man page of one command, in scdoc's notation, from what the command says of itself.

    man-page.py PROGRAM COMMAND
"""
import re
import subprocess
import sys

program, command = sys.argv[1:]


def said(*args):
    return subprocess.run([program, *args], check=True, capture_output=True, text=True).stdout


def plain(text):
    return re.sub(r"([\\*_#<>`~\[\]])", r"\\\1", text)


def literal(lines):
    return ["```", *lines, "```"]


summary = re.search(rf"^  {command} +(.*)$", said("--help"), re.M).group(1)
usage, rest = said(command, "--help").rstrip("\n").split("\n\n", 1)
usage = [re.sub("^(Usage: |       )", "", line) for line in usage.split("\n")]
out = [f"newsletter-{command}(1)", "", "# NAME", "", f"newsletter-{command} - {plain(summary)}", "",
       "# SYNOPSIS", "", *literal(usage), "", "# DESCRIPTION", ""]
for paragraph in rest.split("\n\n"):
    lines = paragraph.split("\n")
    if lines[0].startswith("Example"):
        out += ["# EXAMPLE", "", *literal([re.sub(r"^Example[^:]*: ", "", line) for line in lines]), ""]
    elif any(line.startswith("  ") for line in lines):
        out += [*literal(lines), ""]
    else:
        out += [*map(plain, lines), ""]
out += ["# SEE ALSO", "", "*newsletter*(1), *newsletter.yaml*(5)"]
print("\n".join(out))
