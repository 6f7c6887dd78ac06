"""A PostgreSQL server of its own, on a socket in a private folder, run by an unprivileged user."""
import glob
import os
import shutil
import subprocess
import tempfile

USER = "postgres"  # Debian's package makes it


def programs():
    """Where the server's programs are; None if they are nowhere."""
    return max(glob.glob("/usr/lib/postgresql/*/bin"), default=None)


class Postgres:
    """`settings` are lines of postgresql.conf."""

    def __init__(self, listen="", port=5432, settings=()):
        self.folder = tempfile.mkdtemp(prefix="newsletter-postgres-")
        os.chmod(self.folder, 0o700)
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER, USER)
        self.data = os.path.join(self.folder, "data")
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", USER, "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync")
        self.listen, self.port = listen, port
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as out:
            out.write(f"listen_addresses = '{listen}'\nport = {port}\n"
                      f"unix_socket_directories = '{self.folder}'\n"
                      "max_connections = 200\n" + "".join(line + "\n" for line in settings))
        with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="utf-8") as out:
            out.write("host all all 10.0.0.0/8 trust\n")
        self.start()

    def run(self, program, *args):
        command = [os.path.join(programs(), program), *args]
        if os.geteuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "start")

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def url(self, schema=None):
        options = f"&options=-csearch_path%3D{schema}" if schema else ""
        return (f"postgresql://{USER}@/postgres?host={self.listen or self.folder}"
                f"&port={self.port}{options}")

    def remove(self):
        try:
            self.stop("immediate")
        except subprocess.CalledProcessError:
            pass  # a test has stopped it
        shutil.rmtree(self.folder)
