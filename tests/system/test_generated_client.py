"""A client that a generator makes of the API's description works against a running server."""
import os
import shutil
import subprocess

import pytest

from browser import WEB
from conftest import ALL
from test_staff import StaffServer, configure

TOOLS = os.path.join(WEB, "client", "node_modules")

pytestmark = [pytest.mark.one_engine("the engine makes no difference"),
              pytest.mark.skipif(not ALL, reason="./check --all runs it: it takes half a minute"),
              pytest.mark.skipif(not os.path.isdir(TOOLS), reason="the generator is not installed: npm ci in tests/web/client")]


def run(*command, cwd, **env):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_generated_client_works(connected, tmp_path):
    configure(connected)
    token = connected.run("staff", "token", "all", "--scope", "people,issues,send,admin").out.strip()
    http = StaffServer(connected.folder, "--no-mail")
    (tmp_path / "openapi.json").write_text(http.get("/api/v1/openapi.json").text, encoding="utf-8")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    os.symlink(TOOLS, tmp_path / "node_modules")
    shutil.copy(os.path.join(WEB, "client", "use.mjs"), tmp_path)
    run("node_modules/.bin/openapi-ts", "-i", "openapi.json", "-o", "client", "-c", "@hey-api/client-fetch", cwd=tmp_path)
    run("node_modules/.bin/tsc", "--strict", "--module", "es2022", "--moduleResolution", "bundler", "--target", "es2022",
        "--lib", "es2022,dom,dom.iterable", "--skipLibCheck", "--outDir", "built", "client/index.ts", cwd=tmp_path)
    for name in ("index.js", "sdk.gen.js"):  # Node wants the endings that a bundler adds
        path = tmp_path / "built" / name
        text = path.read_text(encoding="utf-8")
        for part in ("sdk.gen", "types.gen", "client.gen"):
            text = text.replace(f"'./{part}'", f"'./{part}.js'")
        path.write_text(text, encoding="utf-8")
    assert run("node", "use.mjs", "built", cwd=tmp_path, ADDRESS=http.url + "/api/v1", TOKEN=token).strip() == "fine"
    http.stop()
