"""A PostgreSQL server of its own, on a socket in a private folder, run by an unprivileged user."""
import functools
import glob
import os
import shutil
import subprocess
import tempfile

USER = "postgres"  # Debian's package makes it

# For databases that nobody misses, of which each lives for a second and is used by processes that live shorter: libraries are loaded
# before a process begins, and nothing is kept for a crash, for a copy elsewhere or for next week.
FOR_SHORT_LIVES = ["fsync = off", "synchronous_commit = off", "full_page_writes = off", "wal_level = minimal", "max_wal_senders = 0",
                   "autovacuum = off", "shared_preload_libraries = 'plpgsql,pg_trgm'"]


def programs():
    """Where the server's programs are; None if they are nowhere."""
    return max(glob.glob("/usr/lib/postgresql/*/bin"), default=None)


def run(program, *args):
    command = [os.path.join(programs(), program), *args]
    if os.geteuid() == 0:
        command = ["runuser", "-u", USER, "--", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def private_folder():
    folder = tempfile.mkdtemp(prefix="newsletter-postgres-")
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    return folder


@functools.lru_cache(None)
def cluster():
    """A new cluster that servers begin with copies of: to make one takes ten times as long. It is kept from run to run."""
    version = programs().split("/")[-2]
    kept = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                        f"newsletter-tests-postgresql-{version}-{os.geteuid()}")
    if not os.path.isdir(kept):
        folder = private_folder()
        data = os.path.join(folder, "data")
        run("initdb", "-D", data, "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        copy = tempfile.mkdtemp(prefix="newsletter-", dir=os.path.dirname(kept))
        subprocess.run(["cp", "--archive", data, os.path.join(copy, "data")], check=True)
        try:
            os.rename(copy, kept)  # another process may have been the first
        except OSError:
            shutil.rmtree(copy)
        shutil.rmtree(folder)
    return os.path.join(kept, "data")


class Postgres:
    """`settings` are lines of postgresql.conf."""

    def __init__(self, listen="", port=5432, settings=()):
        self.folder = private_folder()
        self.data = os.path.join(self.folder, "data")
        subprocess.run(["cp", "--archive", cluster(), self.data], check=True)
        self.listen, self.port = listen, port
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as out:
            out.write(f"listen_addresses = '{listen}'\nport = {port}\n"
                      f"unix_socket_directories = '{self.folder}'\n"
                      "max_connections = 200\n" + "".join(line + "\n" for line in settings))
        with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="utf-8") as out:
            out.write("host all all 10.0.0.0/8 trust\n")
        self.start()

    def start(self):
        run("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "start")

    def stop(self, mode="fast"):
        run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def url(self, schema=None, database="postgres"):
        options = f"&options=-csearch_path%3D{schema}" if schema else ""
        return (f"postgresql://{USER}@/{database}?host={self.listen or self.folder}"
                f"&port={self.port}{options}")

    def remove(self):
        try:
            self.stop("immediate")
        except subprocess.CalledProcessError:
            pass  # a test has stopped it
        shutil.rmtree(self.folder)
