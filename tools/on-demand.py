#!/usr/bin/env python3
"""Which functions come from which library: on-demand.py OUTPUT PROGRAM LINKED...

PROGRAM is a shared object that is linked with all libraries in the ordinary way. OUTPUT becomes a
list of LIBRARY(file) and FUNCTION(index, library, name) for each function that PROGRAM takes from
a library whose name does not begin with one of LINKED. A library that PROGRAM takes data from is
left out: an address of data cannot wait.
"""
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


def symbols(path, *options):
    """Name -> type of the dynamic symbols, without their versions."""
    lines = (line.split()[-2:] for line in run("nm", "--dynamic", *options, path).splitlines())
    return {name.split("@")[0]: kind for kind, name in lines}


def main():
    output, program, *linked = sys.argv[1:]
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "--dynamic", "--wide", program))
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", run("ldd", program), re.M))
    wanted = set(symbols(program, "--undefined-only"))
    libraries, functions = [], []
    for file in needed:
        if file.startswith(tuple(linked)):
            continue
        offered = symbols(paths[file], "--defined-only")
        used = sorted(wanted & set(offered))
        if all(offered[name] in "TWi" for name in used):
            functions += [(len(libraries), name) for name in used]
            libraries.append(file)
    with open(output, "w", encoding="ascii") as out:
        for file in libraries:
            out.write(f'LIBRARY("{file}")\n')
        for index, (library, name) in enumerate(functions):
            out.write(f"FUNCTION({index}, {library}, {name})\n")


main()
