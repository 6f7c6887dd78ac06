"""Reports of mail providers in the forms that they document, signed with keys of our own as they sign."""
import base64
import hashlib
import hmac
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# The header field that a mail must have for each provider, and how its value becomes a part of the events.
FIELDS = {
    "ses": "X-Newsletter-Delivery",
    "sendgrid": "X-SMTPAPI",
    "mailgun": "X-Mailgun-Variables",
    "postmark": "X-PM-Metadata-newsletter",
    "brevo": "X-Mailin-custom",
    "mailjet": "X-MJ-CustomID",
    "sparkpost": "X-MSYS-API",
    "other": "X-Newsletter-Delivery",
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"


def ses(address, value, kind="bounce", said="smtp; 550 5.1.1 user unknown"):
    mail = {"timestamp": "2026-08-25T09:00:00.000Z", "source": "bounces@example.org", "messageId": uuid.uuid4().hex,
            "destination": [address], "headersTruncated": False,
            "headers": [{"name": "From", "value": "Press Office <press@example.org>"}] +
            ([{"name": FIELDS["ses"], "value": value}] if value else [])}
    feedback = {"timestamp": "2026-08-25T09:00:01.000Z", "feedbackId": uuid.uuid4().hex}
    if kind == "complaint":
        return {"notificationType": "Complaint", "mail": mail, "complaint": {
            **feedback, "complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": "abuse"}}
    return {"notificationType": "Bounce", "mail": mail, "bounce": {
        **feedback, "bounceType": "Permanent", "bounceSubType": "General", "reportingMTA": "dns; mx.example.net",
        "bouncedRecipients": [{"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": said}]}}


def sendgrid(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    event = {"email": address, "timestamp": int(time.time()), "sg_event_id": uuid.uuid4().hex,
             "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001", "smtp-id": "<14c5d75ce93@geopod-ismtpd>"}
    event.update({"event": "spamreport"} if kind == "complaint" else
                 {"event": "group_unsubscribe", "asm_group_id": 10} if kind == "unsubscription" else
                 {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": said})
    return {**event, **(json.loads(value)["unique_args"] if value else {})}


def mailgun(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    data = {"id": uuid.uuid4().hex, "timestamp": time.time(), "recipient": address, "log-level": "error",
            "message": {"headers": {"to": address, "from": "press@example.org", "message-id": "2026@mg.example.org"}},
            "user-variables": json.loads(value) if value else {}}
    data.update({"event": "complained"} if kind == "complaint" else
                {"event": "unsubscribed", "ip": "192.0.2.9"} if kind == "unsubscription" else
                {"event": "failed", "severity": "permanent", "reason": "bounce",
                 "delivery-status": {"code": 550, "message": said, "attempt-no": 1}})
    return {"event-data": data}


def postmark(address, value, kind="bounce", said="smtp;550 5.1.1 user unknown"):
    if kind == "unsubscription":
        return {"RecordType": "SubscriptionChange", "MessageID": str(uuid.uuid4()), "ServerID": 23,
                "MessageStream": "broadcast", "ChangedAt": "2026-08-25T09:00:00Z", "Recipient": address,
                "Origin": "Recipient", "SuppressSending": True, "SuppressionReason": "ManualSuppression",
                "Tag": "", "Metadata": {"newsletter": value} if value else {}}
    event = {"ID": uuid.uuid4().int >> 80, "ServerID": 23, "MessageID": str(uuid.uuid4()), "Email": address,
             "From": "press@example.org", "BouncedAt": "2026-08-25T09:00:00Z", "Subject": "A title",
             "MessageStream": "broadcast", "Metadata": {"newsletter": value} if value else {}}
    event.update({"RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 100001, "Details": ""}
                 if kind == "complaint" else
                 {"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "Details": said,
                  "Description": "The server was unable to deliver your message (ex: unknown user)."})
    return event


def brevo(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    event = {"email": address, "id": 26224, "date": "2026-08-25 09:00:00", "ts": int(time.time()),
             "message-id": "<202608250900.1@smtp-relay.mailin.fr>", "ts_event": uuid.uuid4().int >> 70,
             "subject": "A title", "sending_ip": "192.0.2.1"}
    event.update({"event": "spam"} if kind == "complaint" else {"event": "unsubscribed"}
                 if kind == "unsubscription" else {"event": "hard_bounce", "reason": said})
    return {**event, **({"X-Mailin-custom": value} if value else {})}


def mailjet(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    event = {"time": uuid.uuid4().int >> 70, "MessageID": 13792286917004336, "Message_GUID": str(uuid.uuid4()),
             "email": address, "mj_campaign_id": 0, "mj_contact_id": 1, "customcampaign": "",
             "CustomID": value or "", "Payload": ""}
    event.update({"event": "spam", "source": "JMRPP"} if kind == "complaint" else
                 {"event": "unsub", "mj_list_id": 1, "ip": "192.0.2.9"} if kind == "unsubscription" else
                 {"event": "bounce", "blocked": False, "hard_bounce": True, "error_related_to": "recipient",
                  "error": "user unknown", "comment": said})
    return event


def sparkpost(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    event = {"event_id": uuid.uuid4().hex, "message_id": uuid.uuid4().hex, "rcpt_to": address,
             "raw_rcpt_to": address, "timestamp": str(int(time.time())), "friendly_from": "press@example.org",
             "rcpt_meta": json.loads(value)["metadata"] if value else {}}
    event.update({"type": "spam_complaint", "fbtype": "abuse"} if kind == "complaint" else
                 {"type": "bounce", "bounce_class": "10", "error_code": "550", "raw_reason": said, "reason": said})
    if kind == "unsubscription":
        return {"msys": {"unsubscribe_event": {**event, "type": "list_unsubscribe", "mailfrom": "bounces@example.org"}}}
    return {"msys": {"message_event": event}}


def other(address, value, kind="bounce", said="550 5.1.1 user unknown"):
    kind = "unsubscribe" if kind == "unsubscription" else kind
    return {"event": kind, "address": address, "status": "5.1.1", "diagnostic": said, "id": uuid.uuid4().hex,
            **({"message_id": value} if value else {})}


EVENTS = {"ses": ses, "sendgrid": sendgrid, "mailgun": mailgun, "postmark": postmark, "brevo": brevo,
          "mailjet": mailjet, "sparkpost": sparkpost, "other": other}


class SendGridKey:
    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    def public(self):
        return base64.b64encode(self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()

    def headers(self, body, at=None):
        at = str(int(time.time()) if at is None else at)
        signature = self.private.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {"X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": at}


def sign_mailgun(event, secret, at=None, token=None):
    at, token = str(int(time.time()) if at is None else at), token or uuid.uuid4().hex + uuid.uuid4().hex[:18]
    signature = hmac.new(secret.encode(), (at + token).encode(), hashlib.sha256).hexdigest()
    return {"signature": {"timestamp": at, "token": token, "signature": signature}, **event}


def basic(user, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}
