"""The words of Claws Mail about a signature: the program itself, on a display and a session bus of its own, is asked by the way that
readers of screens take (AT-SPI)."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PLUGINS = "/usr/lib/x86_64-linux-gnu/claws-mail/plugins/"
ATTEMPTS = 3
LOOKS = 200  # without anything new, three in a second
SECONDS = 300  # after which a session that does not end by itself is given up

FOLDERS = """<?xml version="1.0" encoding="utf-8"?>
<folderlist><folder type="mh" name="Mailbox" path="Mail">
<folderitem type="inbox" name="inbox" path="inbox"/><folderitem type="outbox" name="sent" path="sent"/>
<folderitem type="draft" name="draft" path="draft"/><folderitem type="queue" name="queue" path="queue"/>
<folderitem type="trash" name="trash" path="trash"/>
</folder></folderlist>
"""
ACCOUNT = """[Account: 1]
account_name=Ann
is_default=1
name=Ann
address=ann@example.org
protocol=3
receive_server=127.0.0.1
smtp_server=127.0.0.1
"""
# No question on the way, neither about a key of one's own nor about mail to fetch; signatures are checked as a mail is shown.
SETTINGS = f"""[Common]
config_version=4
check_on_startup=0
open_inbox_on_startup=0

[GPG]
auto_check_signatures=1
autocompletion=0
gpg_warning=0
gpg_ask_create_key=0

[Plugins_GTK3]
{PLUGINS}pgpcore.so
{PLUGINS}smime.so
"""


def available():
    """Whether all that is needed is installed."""
    if not all(shutil.which(program) for program in ("claws-mail", "Xvfb", "dbus-run-session", "gpgsm")) or not os.path.exists(PLUGINS + "smime.so"):
        return False
    try:
        import gi
        gi.require_version("Atspi", "2.0")
    except (ImportError, ValueError):
        return False
    return True


def write(home, name, content):
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())


def make_home(home, root, raw):
    """A home with one mail in its inbox, and a key box that trusts this authority."""
    for folder in ("inbox", "sent", "draft", "queue", "trash"):
        os.makedirs(os.path.join(home, "Mail", folder))
    for folder in ("gpg", "run"):
        os.mkdir(os.path.join(home, folder), 0o700)
    write(home, "Mail/inbox/1", raw)
    for name, content in (("folderlist.xml", FOLDERS), ("accountrc", ACCOUNT), ("clawsrc", SETTINGS)):
        write(home, ".claws-mail/" + name, content)
    write(home, "gpg/gpgsm.conf", "disable-crl-checks\ndisable-dirmngr\n")
    options = ["gpgsm", "--homedir", os.path.join(home, "gpg"), "--batch"]
    subprocess.run([*options, "--import", root], capture_output=True, check=True)
    listed = subprocess.run([*options, "--with-colons", "--list-keys"], capture_output=True, text=True, check=True).stdout
    write(home, "gpg/trustlist.txt", re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.M).group(1) + " S relax\n")


def verdict(root, raw):
    """The line above the mail, such as 'Good signature from "Press Office"'. On a busy machine one of the programs may die or never
    reach the bus: it is tried again, with all of them new."""
    attempts = []
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="claws-", dir="/tmp") as home:  # the path of the agent's socket must be short
            make_home(home, root, raw)
            told = read_in(home)
        if told["signature"]:
            return "\n".join(told["signature"])
        attempts.append(told)
    raise AssertionError("Claws Mail showed nothing about the signature:\n" + "\n".join(map(repr, attempts)))


def read_in(home):
    """The last that main() told, or, if it told nothing, how it ended."""
    reading, writing = os.pipe()
    display = subprocess.Popen(["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x800x24", "-nolisten", "tcp"], pass_fds=[writing],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(writing)
    started = [display]
    try:
        with os.fdopen(reading, encoding="ascii") as number:
            shown = number.readline().strip()
        if not shown:
            return {"signature": [], "why": f"Xvfb ended: {display.wait()}"}
        environment = {"PATH": "/usr/bin:/bin", "HOME": home, "GNUPGHOME": os.path.join(home, "gpg"), "LC_ALL": "C.UTF-8",
                       "XDG_RUNTIME_DIR": os.path.join(home, "run"), "GDK_BACKEND": "x11", "DISPLAY": ":" + shown}
        with open(os.path.join(home, "errors"), "wb") as errors:
            asking = subprocess.Popen(["dbus-run-session", "--", "/usr/bin/python3", os.path.abspath(__file__)], env=environment, cwd=home,
                                      stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
        started.append(asking)
        try:
            said = asking.communicate(timeout=SECONDS)[0]
            why = f"the session ended: {asking.returncode}"
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"").decode()
            why = f"no end after {SECONDS} seconds"
        told = re.findall(r"^told: (.*)\n", said, re.M)  # services of the bus print, too
        if told:
            return {"ended": why, **json.loads(told[-1])}
        with open(os.path.join(home, "errors"), encoding="utf-8", errors="replace") as errors:
            return {"signature": [], "why": why, "printed": said[-1000:], "errors": errors.read()[-1000:]}
    finally:
        display.terminate()  # it removes its socket, which the next one would find
        for one in reversed(started):
            try:
                one.wait(timeout=10 if one is display else 0)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(one.pid, signal.SIGKILL)  # with what it has started
            except ProcessLookupError:
                pass
            one.wait()
        subprocess.run(["gpgconf", "--homedir", os.path.join(home, "gpg"), "--kill", "all"], capture_output=True, check=False)


# ---- within the session ----

def labels(node, depth=0):
    """The texts of all labels in a window."""
    if node is None or depth > 40:
        return
    if node.get_role_name() == "label":
        yield node.get_name()
    for number in range(min(node.get_child_count(), 200)):
        yield from labels(node.get_child_at_index(number), depth + 1)


def look(accessible):
    """The names of the programs that are on the bus, and the labels of Claws Mail."""
    desktop = accessible.get_desktop(0)
    programs = [one for one in (desktop.get_child_at_index(number) for number in range(desktop.get_child_count())) if one is not None]
    names = [one.get_name() or "" for one in programs]
    return names, [label for name, one in zip(names, programs) if "claws" in name.lower() for label in labels(one)]


def tell(told):
    """The last one counts: of a session that is ended from outside, too."""
    print("told: " + json.dumps(told), flush=True)


def main():
    """Looks until there is a label that tells of the signature. How long that may take is counted in looks, and begins again with
    each look that sees something new: how fast programs are that others hold up says nothing."""
    import gi
    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, GLib
    Atspi.set_timeout(10000, 30000)  # milliseconds for an answer: 800 are not enough on a busy machine
    told = {"signature": [], "why": "still looking", "looks": 0, "programs": [], "labels": [], "unanswered": 0, "last error": ""}
    with open("claws.log", "wb") as log:
        program = subprocess.Popen(["claws-mail", "--select", "#mh/Mailbox/inbox/1"], stdout=log, stderr=log)
    idle = 0
    while not told["signature"] and idle < LOOKS:
        if program.poll() is not None:
            told["why"] = f"Claws Mail ended: {program.returncode}"
            break
        told["looks"] += 1
        idle += 1
        try:
            names, texts = look(Atspi)
            if (names, texts) != (told["programs"], told["labels"]):
                idle = 0
                told["programs"], told["labels"] = names, texts
                tell(told)
            told["signature"] = [text for text in texts if "signature" in text.lower() and "check" not in text.lower()]
        except GLib.Error as error:  # a widget that went away meanwhile, or no answer
            told["unanswered"] += 1
            told["last error"] = error.message
        time.sleep(0.3)
    if idle == LOOKS:
        told["why"] = f"nothing new in {LOOKS} looks"
    program.kill()
    with open("claws.log", encoding="utf-8", errors="replace") as log:
        told["printed"] = log.read()[-1000:]
    tell(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
