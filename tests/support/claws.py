"""The words of Claws Mail about a signature: the program itself, on a display and a session bus of its own, is asked by the way that
readers of screens take (AT-SPI)."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PLUGINS = "/usr/lib/x86_64-linux-gnu/claws-mail/plugins/"
SECONDS = 90

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
    """The line above the mail, such as 'Good signature from "Press Office"'."""
    with tempfile.TemporaryDirectory(prefix="claws-", dir="/tmp") as home:  # the path of the agent's socket must be short
        make_home(home, root, raw)
        reading, writing = os.pipe()
        display = subprocess.Popen(["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x800x24", "-nolisten", "tcp"], pass_fds=[writing],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(writing)
        started = [display]
        try:
            with os.fdopen(reading, encoding="ascii") as number:
                environment = {"PATH": "/usr/bin:/bin", "HOME": home, "GNUPGHOME": os.path.join(home, "gpg"), "LC_ALL": "C.UTF-8",
                               "XDG_RUNTIME_DIR": os.path.join(home, "run"), "GDK_BACKEND": "x11", "DISPLAY": ":" + number.readline().strip()}
            asking = subprocess.Popen(["dbus-run-session", "--", "/usr/bin/python3", os.path.abspath(__file__)], env=environment, cwd=home,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
            started.append(asking)
            said = asking.communicate(timeout=SECONDS + 30)[0]
            return "\n".join(re.findall(r"^said: (.*)$", said, re.M))  # services of the bus print, too
        finally:
            for one in reversed(started):
                try:
                    os.killpg(one.pid, signal.SIGKILL)
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


def seen(accessible):
    """The labels of Claws Mail that tell of a signature."""
    desktop = accessible.get_desktop(0)
    applications = [desktop.get_child_at_index(number) for number in range(desktop.get_child_count())]
    return [label for one in applications if one is not None and "claws" in (one.get_name() or "").lower()
            for label in labels(one) if "signature" in label.lower() and "check" not in label.lower()]


def main():
    import gi
    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, GLib
    program = subprocess.Popen(["claws-mail", "--select", "#mh/Mailbox/inbox/1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS
    found = []
    while not found and time.monotonic() < until and program.poll() is None:
        try:
            found = seen(Atspi)
        except GLib.Error:  # a widget that went away meanwhile
            pass
        time.sleep(0.3)
    print(*(f"said: {label}" for label in found), sep="\n", flush=True)
    program.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
