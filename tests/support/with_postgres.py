#!/usr/bin/python3
"""Runs a command with NEWSLETTER_TEST_DATABASE set to the URL of a server: that which NEWSLETTER_TEST_SERVER names, or one of its
own. `--server COMMAND` begins a server for all that the command runs, and names it in NEWSLETTER_TEST_SERVER."""
import os
import subprocess
import sys

from postgres import FOR_SHORT_LIVES, Postgres, programs


def run(command, **variables):
    return subprocess.run(command, check=False, env={**os.environ, **variables}).returncode


def run_with_server(command, variable):
    server = Postgres(settings=FOR_SHORT_LIVES)
    try:
        return run(command, **{variable: server.url()})
    finally:
        server.remove()


def main(command):
    shared = command[0] == "--server"
    if shared:
        command = command[1:]
    if programs() is None:
        return run(command) if shared else 77  # for meson: skipped
    if "NEWSLETTER_TEST_SERVER" in os.environ:
        return run(command, NEWSLETTER_TEST_DATABASE=os.environ["NEWSLETTER_TEST_SERVER"])
    return run_with_server(command, "NEWSLETTER_TEST_SERVER" if shared else "NEWSLETTER_TEST_DATABASE")


sys.exit(main(sys.argv[1:]))
