"""`newsletter serve` as a process, and plain HTTP to talk to it."""
import http.client
import re
import signal
import socket
import subprocess
import tempfile
import urllib.parse


class WebServer:
    def __init__(self, binary, folder, *args, **options):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # a pipe would fill up, and the server wait
        self.process = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0", *args], cwd=folder,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, **options)
        line = self.process.stdout.readline()
        if not line:
            self.process.communicate()
            raise AssertionError(self.logged())
        self.port = int(re.search(r":(\d+)$", line.strip()).group(1))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, form=None, headers=None, body=None):
        """The answer, with .text and .status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(headers or {})
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.body = answer.read()
        answer.text = answer.body.decode("utf-8", "replace")
        connection.close()
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, form, **headers):
        return self.request("POST", path, form=form, headers=headers)

    def raw(self, data, timeout=30):
        """Sends bytes as they are and returns all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as client:
            client.sendall(data)
            received = b""
            while True:
                try:
                    part = client.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                received += part
        return received

    def raw_get(self, path, *headers):
        """(head, body) of the answer, as bytes and as they came."""
        lines = "".join(f"{line}\r\n" for line in headers)
        answer = self.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n".encode())
        head, body = answer.split(b"\r\n\r\n", 1)
        return head, body

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Ends it as systemd would; returns what it logged."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        log = self.logged()
        if "Tracer caught signal" in log and "ERROR" not in log:
            return log  # LeakSanitizer itself fell over the thread-local data of a library opened on demand
        assert "Sanitizer" not in log and "runtime error" not in log, log
        assert self.process.returncode == 0, (self.process.returncode, log)
        return log
