#!/usr/bin/env python3
"""Turn data files into one C table: embed.py OUTPUT.c SYMBOL FILE...

The binary carries its migrations and its default templates, so that one file is all there is to
install; each entry keeps the file's base name, its length, and its SHA-256, so that
opening a database need not compute those of the migrations.
"""
import hashlib
import os
import sys


def literal(data):
    lines = (data[i:i + 20] for i in range(0, len(data), 20))
    return ",\n    ".join(", ".join(str(b) for b in line) for line in lines)


def main():
    output, symbol, *files = sys.argv[1:]
    out = ['#include "newsletter/base/embedded.h"\n']
    table = []
    for index, path in enumerate(sorted(files, key=os.path.basename)):
        with open(path, "rb") as source:
            data = source.read()
        out.append(f"static const unsigned char file_{index}[] = {{\n    {literal(data + bytes(1))}}};\n")
        table.append(f'    {{"{os.path.basename(path)}", (const char *)file_{index}, {len(data)},'
                     f'\n     "{hashlib.sha256(data).hexdigest()}"}},')
    out.append(f"const struct nl_embedded {symbol}[] = {{")
    out.extend(table)
    out.append("    {0, 0, 0, 0},\n};")
    with open(output, "w", encoding="ascii") as target:
        target.write("\n".join(out) + "\n")


main()
