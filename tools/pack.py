#!/usr/bin/env python3
"""Files one after the other, in the form of gzip: pack.py OUTPUT.gz FILE...

The same files make the same bytes, whenever and wherever that is done.
"""
import gzip
import sys


def main():
    output, *files = sys.argv[1:]
    data = b"\n".join(open(path, "rb").read() for path in files)
    with open(output, "wb") as target:
        target.write(gzip.compress(data, compresslevel=9, mtime=0))


main()
