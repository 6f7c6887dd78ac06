"""A certificate authority of our own and a certificate for 127.0.0.1, made by openssl(1)."""
import os
import subprocess


def make(folder, name="127.0.0.1"):
    """Returns the paths (authority, certificate, key)."""
    paths = [os.path.join(folder, file) for file in ("ca.pem", "ca.key", "cert.pem", "cert.key")]
    authority, authority_key, certificate, key = paths

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", "/CN=Test authority", "-keyout", authority_key, "-out",
            authority)
    kind = "IP" if name[0].isdigit() else "DNS"
    request = os.path.join(folder, "request.pem")
    extensions = os.path.join(folder, "extensions")
    with open(extensions, "w", encoding="ascii") as out:
        out.write(f"subjectAltName={kind}:{name}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/CN={name}", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key,
            "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
    return authority, certificate, key
