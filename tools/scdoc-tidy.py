"""Runs scdoc on standard input, and leaves out the paragraph breaks that it writes too many.

    scdoc-tidy.py SCDOC

scdoc begins a paragraph after each heading and at the end of each list, where none follows; mandoc
warns about each of them.
"""
import re
import subprocess
import sys

page = subprocess.run([sys.argv[1]], stdin=sys.stdin.buffer, capture_output=True, check=True).stdout.decode()
while True:
    tidy = re.sub(r"^\.P\n((?:\.RE\n)+)", r"\1.P\n", page, flags=re.M)
    tidy = re.sub(r"^(\.(?:SH|SS|TH)\b.*\n)\.P\n", r"\1", tidy, flags=re.M)
    tidy = re.sub(r"^\.P\n(?=\.(?:P|SH|SS)\b|\Z)", "", tidy, flags=re.M)
    if tidy == page:
        break
    page = tidy
sys.stdout.write(page)
