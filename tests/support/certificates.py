"""A certificate authority of our own and a certificate for 127.0.0.1, made by openssl(1)."""
import os
import subprocess


def make(folder, name="127.0.0.1", days=("", "")):
    """Returns the paths (authority, certificate, key). `days` are the first and the last day of the certificate, as
    openssl-ca(1) has them ("20200101000000Z"), in place of two days from now on."""
    paths = [os.path.join(folder, file) for file in ("ca.pem", "ca.key", "cert.pem", "cert.key")]
    authority, authority_key, certificate, key = paths

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", f"/CN=Test authority/OU={name}", "-keyout", authority_key, "-out",
            authority)  # authorities of one name would be taken for each other
    kind = "IP" if name[0].isdigit() else "DNS"
    request = os.path.join(folder, "request.pem")
    extensions = os.path.join(folder, "extensions")
    with open(extensions, "w", encoding="ascii") as out:
        out.write(f"subjectAltName={kind}:{name}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/CN={name}", "-keyout", key, "-out", request)
    if days[0]:
        config = os.path.join(folder, "ca.cnf")
        with open(config, "w", encoding="ascii") as out:
            out.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
                      "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        open(os.path.join(folder, "index"), "w", encoding="ascii").close()
        openssl("ca", "-batch", "-config", config, "-create_serial", "-cert", authority, "-keyfile", authority_key,
                "-in", request, "-startdate", days[0], "-enddate", days[1], "-extfile", extensions, "-out", certificate)
        return authority, certificate, key
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key,
            "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
    return authority, certificate, key
