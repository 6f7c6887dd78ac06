"""The scripts of tests/web that work with a real browser. All tests of a process share one, since to begin it takes longer than most
scripts; each script has contexts of its own, which share nothing."""
import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

WEB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "web")

needs_browser = pytest.mark.skipif(
    not ((shutil.which("chromium-headless-shell") or shutil.which("chromium")) and os.path.isdir(os.path.join(WEB, "node_modules"))),
    reason="needs tools/install-packages test")


class Browser:
    def __init__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["node", "run.cjs"], cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)

    def run(self, script, plan, timeout):
        """Returns what the script does. A browser that does not answer in time is ended."""
        self.log.seek(0)
        self.log.truncate()
        end = threading.Timer(timeout, self.process.kill)
        end.start()
        try:
            self.process.stdin.write(json.dumps({"script": script, "plan": plan}).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        end.cancel()
        self.log.seek(0)
        told = self.log.read().decode("utf-8", "replace")
        if not line:
            self.close()
            browser.cache_clear()  # the next test has another one
        assert line, (script, "no answer", told)
        answer = json.loads(line)
        assert "error" not in answer, answer["error"] + "\n" + told
        return answer.get("result")

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.log.close()


@functools.lru_cache(None)
def browser():
    begun = Browser()
    atexit.register(begun.close)
    return begun


def in_browser(script, plan, timeout=240):
    """Runs a script of tests/web."""
    return browser().run(script, plan, timeout)
