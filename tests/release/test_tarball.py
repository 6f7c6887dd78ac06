"""The tarball of a release builds and passes its tests by itself, without git."""
import glob
import os
import re
import subprocess

from conftest import ENVIRONMENT, TOP, run


def test_tarball(tmp_path):
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        os.chmod(folder, 0o755)  # users of the tests run scripts from it
    build = str(tmp_path / "build")
    run("meson", "setup", build, TOP, env=ENVIRONMENT)
    run("meson", "dist", "-C", build, "--no-tests", "--allow-dirty", "--formats", "xztar")
    tarball, = glob.glob(os.path.join(build, "meson-dist", "newsletter-*.tar.xz"))
    run("tar", "-C", str(tmp_path), "-xf", tarball)
    top = str(tmp_path / os.path.basename(tarball).removesuffix(".tar.xz"))
    kept = set(run("git", "-C", TOP, "ls-tree", "-r", "--name-only", "HEAD").split("\n")) - {""}
    found = {os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names}
    assert found == kept
    plain = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("NEWSLETTER", "PYTEST"))}
    done = subprocess.run(["./check", "--quick"], cwd=top, env=plain, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    passed, rest = re.findall(r"^(\d+) passed(.*) in [\d.]+s", done.stdout, re.MULTILINE)[-1]
    assert int(passed) > 4000 and not re.search("failed|error", rest), rest  # some tests skip themselves outside a checkout
