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
        self.late = False
        self.process = subprocess.Popen(["node", "run.cjs"], cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)

    def answer(self, script, plan, timeout):
        """Returns the line that says how the script ended, or None if the browser has ended, or does not answer in time and is ended."""
        end = threading.Timer(timeout, self.end)
        end.start()
        try:
            self.process.stdin.write(json.dumps({"script": script, "plan": plan}).encode() + b"\n")
            self.process.stdin.flush()
            return self.process.stdout.readline() or None
        except BrokenPipeError:
            return None
        finally:
            end.cancel()

    def end(self):
        self.late = True
        self.process.kill()

    def told(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def last_words(self):
        """Tells how a browser has ended."""
        status = self.process.wait(timeout=20)
        return f"{'no answer in time' if self.late else f'ended with {status}'}: {self.told()}"

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
    """Runs a script of tests/web. A browser that ends by itself, as one did under load, is begun again once; one that is too slow is
    not."""
    words = []
    while len(words) < 2:
        one = browser()
        line = one.answer(script, plan, timeout)
        if line:
            answer = json.loads(line)
            assert "error" not in answer, answer["error"] + "\n" + one.told()
            return answer.get("result")
        words.append(one.last_words())
        one.close()
        browser.cache_clear()
        if one.late:
            break
    raise AssertionError(script, words)
