#!/usr/bin/python3
"""Runs a command with NEWSLETTER_TEST_DATABASE set to the URL of a server of its own."""
import os
import subprocess
import sys

from postgres import Postgres, programs

if programs() is None:
    sys.exit(77)  # for meson: skipped
server = Postgres(settings=["fsync = off"])
try:
    sys.exit(subprocess.run(sys.argv[1:], check=False, env={
        **os.environ, "NEWSLETTER_TEST_DATABASE": server.url()}).returncode)
finally:
    server.remove()
