"""Mail servers whose Debian packages would push Postfix off this machine: unpacked, not installed. Needs root.

Run as a program, which tools/install-packages does, it unpacks them below /var/cache/newsletter-tests. A command runs with them as if
they were installed: in a mount namespace of its own, where they lie over this machine's files, with the users that they need. What it
writes goes into memory and is forgotten with it, except in the folders that it gets."""
import os
import shlex
import subprocess
import sys
import tempfile

CACHE = "/var/cache/newsletter-tests"
# With the libraries that the packages need and that may not be here.
PACKAGES = {"exim": ("exim4-base", "exim4-daemon-light", "libdb5.3", "libgnutls-dane0", "libidn12", "libnsl2"),
            "opensmtpd": ("opensmtpd", "libdb5.3", "libevent-2.1-7")}
USERS = {"exim": ("Debian-exim",), "opensmtpd": ("opensmtpd", "opensmtpq")}
FIRST_ID = 64900  # of the users, in the namespace only

ENTER = """set -e
base=$1 packages=$2 users=$3 folder=$4
shift 4
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
cp -a "$packages/usr" "$base/upper"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
for place in /proc /dev /sys; do mount --rbind "$place" "$base/root$place"; done
mkdir -p "$base/root$folder"
mount --bind "$folder" "$base/root$folder"
cat /etc/resolv.conf >"$base/resolv.conf" 2>/dev/null || true
rm -f "$base/root/etc/resolv.conf"
cp "$base/resolv.conf" "$base/root/etc/resolv.conf"
id=%d
for user in $users; do
    echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >>"$base/root/etc/passwd"
    echo "$user:x:$id:" >>"$base/root/etc/group"
    id=$((id + 1))
done
exec chroot "$base/root" "$@"
""" % FIRST_ID


def unpack():
    for name, packages in PACKAGES.items():
        target = f"{CACHE}/{name}"
        if os.path.isdir(target):
            continue
        print(f"unpacking {name} to {target}", flush=True)
        os.makedirs(CACHE, mode=0o755, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            subprocess.run(["apt-get", "download", "-q", *packages], cwd=folder, check=True, capture_output=True)
            os.mkdir(f"{folder}/root", mode=0o755)
            for package in os.listdir(folder):
                if package.endswith(".deb"):
                    subprocess.run(["dpkg", "-x", package, "root"], cwd=folder, check=True)
            os.chmod(f"{folder}/root", 0o755)
            os.rename(f"{folder}/root", target)


def available(name):
    """Whether it is unpacked, and can be laid over this machine's files."""
    if os.geteuid() != 0 or not os.path.isdir(f"{CACHE}/{name}"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command(name, folder, "true"), capture_output=True, check=False).returncode == 0


def command(name, folder, *words, run=()):
    """The words of a command that runs with the program. `run`: words in front, to run it in a network namespace."""
    base = os.path.join(folder, "overlay")
    os.makedirs(base, exist_ok=True)
    return [*run, "unshare", "--mount", "sh", "-c", ENTER, "sh", base, f"{CACHE}/{name}", " ".join(USERS[name]), folder, *words]


if __name__ == "__main__":
    try:
        unpack()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{shlex.join(map(str, error.cmd))} failed: {(error.stderr or b'').decode(errors='replace').strip()}")
