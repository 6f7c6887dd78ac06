#!/usr/bin/env python3
"""Turns templates/styles.yaml into a C table: embed-styles.py OUTPUT.c styles.yaml

Every issue begins with the built-in styles; reading them as YAML took a quarter of the time of composing one. The file is
YAML for those who replace a style of theirs, and each line of it is of one form: NAME: "VALUE".
"""
import re
import sys


def main():
    output, path = sys.argv[1:]
    table = []
    with open(path, encoding="ascii") as source:
        for number, line in enumerate(source, 1):
            found = re.fullmatch(r'([a-z0-9_]+): "([^"\\]*)"\n', line)
            if found:
                table.append(f'    {{"{found[1]}", "{found[2]}"}},')
            elif line.strip() and not line.startswith("#"):
                sys.exit(f'{path}:{number}: expected a line such as: name: "value"')
    with open(output, "w", encoding="ascii") as target:
        target.write('#include "newsletter/base/embedded.h"\n\nconst struct nl_embedded_style nl_embedded_styles[] = {\n'
                     + "\n".join(table) + "\n    {0, 0},\n};\n")


main()
