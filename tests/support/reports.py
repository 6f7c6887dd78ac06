"""Reports about us, in the forms in which receivers send them: DMARC aggregate reports and TLS reports."""
import gzip
import io
import json
import time
import zipfile
from email.message import EmailMessage

DAY = 86400
BEGIN = (int(time.time()) // DAY - 2) * DAY  # a day that is over


def record(source="192.0.2.10", count=10, spf="pass", dkim="pass", domain="example.org", disposition="none", extra=""):
    return (f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
            f"<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>"
            f"<identifiers><header_from>{domain}</header_from></identifiers>"
            f"<auth_results><dkim><domain>{domain}</domain><result>{dkim}</result></dkim>"
            f"<spf><domain>{domain}</domain><result>{spf}</result></spf></auth_results>{extra}</record>\n")


def dmarc(records, reporter="receiver.example.net", report="1", begin=None, end=None, domain="example.org",
          head='<?xml version="1.0" encoding="UTF-8"?>\n', root="<feedback>"):
    begin = BEGIN if begin is None else begin
    end = BEGIN + DAY - 1 if end is None else end
    return (f"{head}{root}<report_metadata><org_name>{reporter}</org_name><email>dmarc@{reporter}</email>"
            f"<report_id>{report}</report_id><date_range><begin>{begin}</begin><end>{end}</end></date_range>"
            f"</report_metadata><policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p>"
            f"<sp>none</sp><pct>100</pct></policy_published>{''.join(records)}</feedback>\n")


def tls(policies=None, reporter="Receiver Inc.", report="t1", day=None):
    day = time.strftime("%Y-%m-%d", time.gmtime(BEGIN)) if day is None else day
    if policies is None:
        policies = [tls_policy()]
    return json.dumps({"organization-name": reporter, "contact-info": "tls@receiver.example.net", "report-id": report,
                       "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
                       "policies": policies})


def tls_policy(kind="sts", good=100, bad=3, details=None, domain="example.org"):
    if details is None and bad:
        details = [("certificate-expired", bad)]
    entry = {"policy": {"policy-type": kind, "policy-string": ["version: STSv1", "mode: testing"],
                        "policy-domain": domain, "mx-host": ["mx.example.org"]},
             "summary": {"total-successful-session-count": good, "total-failure-session-count": bad}}
    if details:
        entry["failure-details"] = [{"result-type": word, "sending-mta-ip": "192.0.2.77",
                                     "receiving-mx-hostname": "mx.example.org", "failed-session-count": count}
                                    for word, count in details]
    return entry


def gz(text):
    return gzip.compress(text if isinstance(text, bytes) else text.encode(), mtime=0)


def zipped(text, name="report.xml", method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 9, 26, 0, 0, 0)), text, method)
    return out.getvalue()


def message(*files, subject="Report domain: example.org Submitter: receiver.example.net Report-ID: 1",
            sender="dmarc@receiver.example.net", to="bounces@example.org", text="This is an aggregate report."):
    """A mail with (type, file name, bytes) attached; without `text` the only file is the body."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    if text is None:
        (kind, name, data), = files
        mail.set_content(data, *kind.split("/"), filename=name)
        return mail.as_bytes()
    mail.set_content(text)
    for kind, name, data in files:
        mail.add_attachment(data, *kind.split("/"), filename=name)
    return mail.as_bytes()


def tls_message(data, kind="application/tlsrpt+gzip"):
    """RFC 8460 section 5.3: a multipart/report."""
    raw = message((kind, "receiver!example.org!1!2.json.gz", data), subject="Report Domain: example.org Submitter: "
                  "receiver.example.net Report-ID: <t1@receiver.example.net>")
    return raw.replace(b"multipart/mixed;", b"multipart/report; report-type=\"tlsrpt\";", 1)


# The forms of some receivers, with invented figures.
FORMS = {
    # One zip as the whole message, without a text.
    "google": lambda: message(("application/zip", "google.com!example.org!1790294400!1790380799.zip", zipped(
        dmarc([record("192.0.2.10", 120), record("203.0.113.9", 4, "fail", "fail")], "google.com", "11223344556677889900",
              root="<feedback>\n  <version>1.0</version>"))), text=None,
        sender="noreply-dmarc-support@google.com",
        subject="Report domain: example.org Submitter: google.com Report-ID: 11223344556677889900"),
    # multipart/mixed, gz as application/gzip, namespaces and envelope_to.
    "microsoft": lambda: message(("application/gzip", "enterprise.protection.outlook.com!example.org!1790294400!1790380800.xml.gz",
        gz(dmarc([record("192.0.2.10", 120).replace("<identifiers>", "<identifiers><envelope_to>outlook.com</envelope_to>"),
                  record("203.0.113.9", 4, "fail", "fail")], "Enterprise Outlook", "9f0d", end=BEGIN + DAY,
                 head='<?xml version="1.0"?>\n', root='<feedback xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
                 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><version>1.0</version>'))),
        sender="dmarcreport@microsoft.com", text="This is a DMARC aggregate report from Microsoft Corporation.",
        subject="[Preview] Report Domain: example.org Submitter: enterprise.protection.outlook.com Report-ID: 9f0d"),
    # application/octet-stream, blanks and line ends around the values.
    "yahoo": lambda: message(("application/octet-stream", "yahoo.com!example.org!1790294400!1790380799.xml.gz", gz(
        dmarc([record("192.0.2.10", "\n 120 \n"), record("203.0.113.9", 4, "fail", "fail")], "Yahoo", "1790294400.1", head=
              '<?xml version="1.0"?>   \r\n', begin=f" {BEGIN}\r\n", end=f"{BEGIN + DAY - 1} "))),
        sender="dmarchelp@yahooinc.com",
        subject="Report Domain: example.org Submitter: yahoo.com Report-ID: <1790294400.1>"),
    # text/xml without compression, and IPv6.
    "mail.ru": lambda: message(("text/xml", "mail.ru!example.org!1790294400!1790380800.xml", dmarc(
        [record("192.0.2.10", 100), record("2001:DB8::10", 20), record("203.0.113.9", 4, "fail", "fail", "Example.ORG.")],
        "Mail.Ru", "330040", head="<?xml version='1.0' encoding='utf-8'?>\n").encode()), sender="dmarc_support@corp.mail.ru",
        subject="Report Domain: example.org; Submitter: mail.ru; Report-ID: 330040"),
    # The namespace of RFC 9990, gz as application/x-gzip, several records for one source.
    "fastmail": lambda: message(("application/x-gzip", "fastmail.com!example.org!1790294400!1790380799.xml.gz", gz(dmarc(
        [record("192.0.2.10", 60), record("192.0.2.10", 60, dkim="fail"), record("203.0.113.9", 4, "fail", "fail")],
        "Fastmail Pty Ltd", "7788", root='<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"><version>1.0</version>'))),
        sender="reports@fastmaildmarc.com", subject="Report Domain: example.org Submitter: fastmail.com Report-ID: 7788"),
}
BOMB = (b'<?xml version="1.0"?>\n<!DOCTYPE feedback [<!ENTITY a "lol">' + b"".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(9)) +
    b"]>\n<feedback><report_metadata><org_name>&j;</org_name></report_metadata></feedback>")
XXE = (b'<?xml version="1.0"?>\n<!DOCTYPE feedback [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n' +
       dmarc([record()], "&x;", head="").encode())


GOOD = dmarc([record()])
# Attached files by name, made when they are asked for: none of them may be counted.
HOSTILE = {
    "zip bomb": lambda: zipped(b" " * (64 << 20)),
    "gz bomb": lambda: gz(b"<feedback>" + b"<record></record>" * (4 << 20)),
    "zip in a zip": lambda: zipped(zipped(GOOD)),
    "gz in a gz": lambda: gz(gz(GOOD)),
    "billion laughs": lambda: gz(BOMB),
    "billion laughs in an attribute": lambda: gz(BOMB.replace(b"<report_metadata>", b'<report_metadata x="&j;">')),
    "file as an entity": lambda: gz(XXE),
    "external subset": lambda: gz(b'<!DOCTYPE feedback SYSTEM "file:///etc/passwd">' + dmarc([record()], head="").encode()),
    "100,000 records": lambda: gz(dmarc(["<record><row><count>1</count></row></record>"] * 100000)),
    "negative count": lambda: gz(dmarc([record(count=-5)])),
    "count beyond 64 bits": lambda: gz(dmarc([record(count="99999999999999999999999")])),
    "count beyond reason": lambda: gz(dmarc([record(count=2 ** 62)] * 4)),
    "count in words": lambda: gz(dmarc([record(count="ten")])),
    "no end": lambda: gz(GOOD)[:-40],
    "no end of its text": lambda: gz(GOOD[:-30]),
    "time backwards": lambda: gz(dmarc([record()], end=BEGIN - 1)),
    "time beyond 64 bits": lambda: gz(dmarc([record()], begin="9" * 30)),
    "no identifier": lambda: gz(dmarc([record()], report="")),
    "too deep": lambda: gz(GOOD.replace("</feedback>", "<a>" * 2000 + "</a>" * 2000 + "</feedback>")),
    "encrypted zip": lambda: zipped(GOOD)[:8] + b"\x63\x00" + zipped(GOOD)[10:],
    "empty": lambda: b"",
    "negative sessions": lambda: tls([tls_policy(good=-1)]).encode(),
    "sessions beyond 64 bits": lambda: tls().replace('"total-successful-session-count": 100',
                                                     '"total-successful-session-count": ' + "9" * 40).encode(),
    "sessions with a point": lambda: tls().replace('"total-successful-session-count": 100',
                                                   '"total-successful-session-count": 1.5').encode(),
    "too many policies": lambda: tls([tls_policy(bad=0)] * 1001).encode(),
    "nested JSON": lambda: b'{"policies": ' + b"[" * 100000 + b', "date-range": 1',
    "cut off JSON": lambda: gz(tls()[:-20]),
}


def fill(site):
    """Gives a site reports of each kind."""
    for form in FORMS.values():
        site.run("bounce", stdin=form())
    site.run("bounce", stdin=tls_message(gz(tls())))
