"""Amazon SNS in small: an authority of our own, servers for its certificates under Amazon's names (by an /etc/hosts
in a mount namespace, so for root only), and messages signed as SNS signs them."""
import base64
import datetime
import functools
import http.server
import json
import os
import ssl
import threading
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

HOST = "sns.us-east-1.amazonaws.com"
AUTHORITY = "crt.test.amazontrust.com"
NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SUBSCRIBED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@functools.lru_cache(None)
def key_of(number, bits):
    """Keys take long to make: parties of different tests, and those that never meet, share them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Party:
    """A key with a certificate, made out by another party or by itself."""

    def __init__(self, name, issuer=None, authority=False, hosts=(), days=(-1, 30), bits=2048, issuer_url=None, key=0):
        self.key = key_of(key, bits)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(issuer.certificate.subject if issuer else subject).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now + datetime.timedelta(days=days[0]))
                   .not_valid_after(now + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        if issuer_url:
            builder = builder.add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_url))]), critical=False)
        self.certificate = builder.sign((issuer or self).key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Amazon:
    def __init__(self, folder):
        self.folder = folder
        self.root = Party("Test Root", authority=True, key=1)
        self.middle = Party("Test Intermediate", self.root, authority=True, key=2)
        self.signer = Party("sns.amazonaws.com", self.middle, hosts=["sns.amazonaws.com"], key=3)
        self.pages = {}  # path -> (status, body, headers)
        self.visits = []
        self.servers = []
        for name, content in (("authority.pem", self.root.pem()), ("hosts", b""),
                              ("server.pem", (web := Party(HOST, self.root, hosts=[HOST])).pem() + web.key_pem())):
            with open(os.path.join(folder, name), "wb") as out:
                out.write(content)
        self.address = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}.{id(self) // 64 % 250 + 1}"
        with open(os.path.join(folder, "hosts"), "w", encoding="ascii") as hosts:
            hosts.write(f"127.0.0.1 localhost\n{self.address} {HOST} {AUTHORITY} elsewhere.example.org\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "server.pem"))
        self.serve(443, context)
        self.serve(80, None)
        self.publish("/cert.pem", self.signer.pem() + self.middle.pem())

    def serve(self, port, context):
        amazon = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                amazon.visits.append((port, self.path))
                status, body, headers = amazon.pages.get(self.path, (404, b"", {}))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer((self.address, port), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.servers.append(server)

    def publish(self, path, body, status=200, **headers):
        self.pages[path] = (status, body, headers)
        return f"https://{HOST}{path}"

    def fetched(self, path):
        return len([visit for visit in self.visits if visit[1] == path])

    def wrapper(self, binary):
        """A program that runs `binary` where Amazon's names lead to us."""
        path = os.path.join(self.folder, "in-amazon")
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\nexec unshare -m sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' "
                      f"{self.folder}/hosts {binary} \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def message(self, topic, kind="Notification", message="", version="1", signer=None, at=None, change=(), drop=(), **more):
        """A signed message; `change` and `drop` are done to it after that."""
        moment = datetime.datetime.fromtimestamp(time.time() if at is None else at, datetime.timezone.utc)
        said = {"Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": topic, "SignatureVersion": version,
                "Message": message if isinstance(message, str) else json.dumps(message),
                "Timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.123Z"), "SigningCertURL": f"https://{HOST}/cert.pem"}
        if kind == "Notification":
            said["UnsubscribeURL"] = f"https://{HOST}/?Action=Unsubscribe&SubscriptionArn={topic}:1"
        else:
            token = uuid.uuid4().hex * 4
            said.update(Token=token, SubscribeURL=f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}")
        said.update(more)
        names = NOTIFIED if kind == "Notification" else SUBSCRIBED
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said).encode()
        digest = hashes.SHA1() if version == "1" else hashes.SHA256()
        said["Signature"] = base64.b64encode((signer or self.signer).key.sign(text, padding.PKCS1v15(), digest)).decode()
        said.update(change)
        return json.dumps({name: value for name, value in said.items() if name not in drop}).encode()

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
