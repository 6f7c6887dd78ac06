"""Amazon SES through SNS: /hooks/NAME of a running `serve`, against servers under Amazon's own names."""
import json
import os
import time

import provider_events as events
import pytest
import sns
from conftest import BINARY, parse
from test_providers import ANN, BOB, Hook, configure
from webserver import WebServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs a namespace with hosts of its own")

TOPIC = events.TOPIC


@pytest.fixture
def amazon(tmp_path):
    started = sns.Amazon(str(tmp_path))
    yield started
    started.stop()


@pytest.fixture
def hook(connected, server, amazon):
    """An issue has gone out through SES to Ann and Bob, and SNS may report."""
    configure(connected, "ses", None)
    connected.add_active([ANN, BOB])
    connected.run("send", "--yes", connected.issue())
    values = {address: str(parse(server.messages(address)[0])[events.FIELDS["ses"]]) for address in (ANN, BOB)}
    http = WebServer(amazon.wrapper(BINARY), connected.folder, "--no-mail")
    made = Hook(connected, "ses", http, None, values)
    made.headers = lambda body: {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    yield made
    if made.http.process.poll() is None:
        made.http.stop()


@pytest.mark.slow(1)
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_bounce_ends_the_subscription_once(hook, amazon, version):
    event = hook.event()
    assert hook.post(amazon.message(TOPIC, message=event, version=version)).status == 200
    assert (hook.state(ANN), hook.state(BOB), hook.count()) == ("bounced", "active", 1)
    again = amazon.message(TOPIC, message=event, version=version, Subject="Amazon SES Email Event Notification")
    assert hook.post(again).status == 200  # the same event, as another message
    assert hook.count() == 1
    assert hook.post(amazon.message(TOPIC, message=hook.event(BOB, BOB, "complaint"))).status == 200
    assert hook.state(BOB) == "complained"
    assert amazon.fetched("/cert.pem") == 1  # the key is kept


def test_without_our_token_or_with_anothers_nobody_is_lost(hook, amazon):
    for proof in (None, BOB):
        for kind in ("bounce", "complaint"):
            assert hook.post(amazon.message(TOPIC, message=hook.event(ANN, proof, kind))).status == 200
    both = hook.event(BOB, BOB)
    both["bounce"]["bouncedRecipients"][0].update(status="4.2.2", diagnosticCode="smtp; 452 4.2.2 mailbox full")
    both["bounce"]["bouncedRecipients"].append({"emailAddress": ANN, "action": "failed", "status": "5.1.1",
                                                "diagnosticCode": "smtp; 550 5.1.1 user unknown"})
    assert hook.post(amazon.message(TOPIC, message=both)).status == 200
    assert (hook.state(ANN), hook.state(BOB)) == ("active", "active")


def test_our_message_id_is_a_proof_too(hook, amazon, server):
    event = hook.event(ANN, None)
    event["mail"]["headers"].append({"name": "Message-ID", "value": str(parse(server.messages(ANN)[0])["Message-ID"])})
    assert hook.post(amazon.message(TOPIC, message=event)).status == 200
    assert hook.state() == "bounced"


def test_the_subscription_is_confirmed(hook, amazon):
    path = f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e241d"
    url = amazon.publish(path, b"<ConfirmSubscriptionResponse/>")
    body = amazon.message(TOPIC, "SubscriptionConfirmation", "You have chosen to subscribe", SubscribeURL=url)
    assert hook.post(body).status == 200
    assert (443, path) in amazon.visits
    assert "is confirmed" in hook.http.stop()


def test_a_confirmation_that_fails_comes_again(hook, amazon):
    path = "/?Action=ConfirmSubscription&Token=1"
    body = amazon.message(TOPIC, "SubscriptionConfirmation", SubscribeURL=amazon.publish(path, b"", 500))
    assert hook.post(body).status == 503
    amazon.publish(path, b"ok")
    assert hook.post(body).status == 200


PAGES = [
    "https://elsewhere.example.org/?Action=ConfirmSubscription", f"http://{sns.HOST}/?Action=ConfirmSubscription",
    f"https://{sns.HOST}:8443/?Action=ConfirmSubscription", f"https://{sns.HOST}/?Action=DeleteTopic",
    f"https://{sns.HOST}@elsewhere.example.org/?Action=ConfirmSubscription", "file:///etc/passwd", ""]


def test_no_other_page_is_visited(hook, amazon):
    for url in PAGES:
        body = amazon.message(TOPIC, "SubscriptionConfirmation", SubscribeURL=url)
        assert hook.post(body).status == 403, url
    assert [visit for visit in amazon.visits if visit != (443, "/cert.pem")] == []


def test_the_end_of_the_subscription_is_logged(hook, amazon):
    assert hook.post(amazon.message(TOPIC, "UnsubscribeConfirmation")).status == 200
    assert [visit for visit in amazon.visits if visit != (443, "/cert.pem")] == []
    assert "has ended the subscription" in hook.http.stop()


@pytest.mark.slow(1)
def test_what_is_not_signed_by_sns_has_no_effect(hook, amazon):
    event = hook.event()
    stranger = sns.Party("sns.amazonaws.com", hosts=["sns.amazonaws.com"])
    good = json.loads(amazon.message(TOPIC, message=event))
    cases = [
        json.dumps(event).encode(),  # raw message delivery
        amazon.message(TOPIC, message=event, signer=stranger),
        amazon.message(TOPIC, message=event, version="3"),
        amazon.message(TOPIC, message=event, change={"SignatureVersion": "2"}),
        amazon.message(TOPIC, message=event, drop=("Signature",)),
        amazon.message(TOPIC, message=event, drop=("SignatureVersion",)),
        amazon.message(TOPIC, message=event, drop=("Timestamp",)),
        amazon.message(TOPIC, message=event, drop=("SigningCertURL",)),
        amazon.message(TOPIC, message=event, drop=("TopicArn",)),
        amazon.message(TOPIC, message=event, drop=("Type",)),
        amazon.message(TOPIC, message=event, change={"Type": "SubscriptionConfirmation"}),
        amazon.message(TOPIC, message=event, change={"Signature": "AAAA"}),
        amazon.message(TOPIC, message=event, change={"Subject": "more"}),
        amazon.message(TOPIC, message=event, change={"Message": json.dumps(hook.event(BOB, BOB))}),
        amazon.message(TOPIC, message=event, change={"Message": 7}),
        amazon.message(TOPIC + "x", message=event),  # another topic, though signed by SNS
        amazon.message(TOPIC.replace("us-east-1", "eu-west-1"), message=event),
        amazon.message(TOPIC, message=event, at=time.time() - 2 * 86400),
        amazon.message(TOPIC, message=event, at=time.time() + 3600),
        amazon.message(TOPIC, message=event, change={"Timestamp": good["Timestamp"].replace("Z", "+01:00")}),
    ]
    for body in cases:
        assert hook.post(body).status == 403, body
    assert hook.count() == 0 and (hook.state(ANN), hook.state(BOB)) == ("active", "active")
    assert hook.post(json.dumps(good).encode()).status == 200 and hook.state() == "bounced"


CERTIFICATES = [
    "https://elsewhere.example.org/cert.pem", f"http://{sns.HOST}/cert.pem", f"HTTPS://{sns.HOST}/cert.pem",
    f"https://{sns.HOST}:443/cert.pem", f"https://{sns.HOST}:/cert.pem", f"https://{sns.HOST}@elsewhere.example.org/cert.pem",
    f"https://user:word@{sns.HOST}/cert.pem", f"https://{sns.HOST}.elsewhere.example.org/cert.pem",
    f"https://elsewhere.example.org/{sns.HOST}/cert.pem", f"https://x{sns.HOST}/cert.pem", f"https://x.{sns.HOST}/cert.pem",
    f"https://{sns.HOST}./cert.pem", "https://sns.us-east-1.amazonaws.com.cn/cert.pem",
    "https://sns.eu-west-1.amazonaws.com/cert.pem", "https://sns.amazonaws.com/cert.pem",
    "https://s3.us-east-1.amazonaws.com/cert.pem", f"https://{sns.HOST}\\@elsewhere.example.org/cert.pem",
    f"https://{sns.HOST}/../cert.pem", f"https://{sns.HOST}/cert.pem?x", f"https://{sns.HOST}/?cert.pem",
    f"https://{sns.HOST}/cert.pem#.pem", f"https://{sns.HOST}/%63ert.pem", f"https://{sns.HOST}/cert.txt",
    f"https://{sns.HOST}/", f"//{sns.HOST}/cert.pem", f" https://{sns.HOST}/cert.pem", f"https://{sns.HOST}/cert.pem\n",
    f"https://{sns.HOST}/" + "a" * 300 + ".pem", f"https://{sns.HOST.upper()}/cert.pem", "file:///etc/cert.pem", ""]


@pytest.mark.slow(1)
def test_certificates_come_from_the_regions_server_only(hook, amazon):
    for url in CERTIFICATES:
        assert hook.post(amazon.message(TOPIC, message=hook.event(), SigningCertURL=url)).status == 403, url
    assert amazon.visits == [] and hook.count() == 0


@pytest.mark.slow(1)
def test_the_chain_of_the_certificate_is_verified(hook, amazon):
    other = sns.Party("Other Root", authority=True)
    no_authority = sns.Party("sns.amazonaws.com", amazon.root, hosts=["sns.amazonaws.com"])
    cases = {
        "self": [sns.Party("sns.amazonaws.com", hosts=["sns.amazonaws.com"])],
        "other": [sns.Party("sns.amazonaws.com", other, hosts=["sns.amazonaws.com"]), other],
        "name": [sns.Party("www.amazonaws.com", amazon.root, hosts=["www.amazonaws.com"])],
        "region": [sns.Party("sns", amazon.root, hosts=["sns.eu-west-1.amazonaws.com"])],
        "suffix": [sns.Party("sns", amazon.root, hosts=["sns.amazonaws.com.example.org"])],
        "past": [sns.Party("sns.amazonaws.com", amazon.root, hosts=["sns.amazonaws.com"], days=(-30, -1))],
        "future": [sns.Party("sns.amazonaws.com", amazon.root, hosts=["sns.amazonaws.com"], days=(1, 30))],
        "missing": [amazon.signer],
        "no-authority": [sns.Party("sns.amazonaws.com", no_authority, hosts=["sns.amazonaws.com"]), no_authority],
        "short": [sns.Party("sns.amazonaws.com", amazon.root, hosts=["sns.amazonaws.com"], bits=1024)],
    }
    for name, chain in list(cases.items()):
        url = amazon.publish(f"/{name}.pem", b"".join(party.pem() for party in chain))
        body = amazon.message(TOPIC, message=hook.event(), signer=chain[0], SigningCertURL=url)
        assert hook.post(body).status == 403, name
    assert hook.count() == 0


def test_what_is_no_certificate_proves_nothing(hook, amazon):
    for content in (b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        url = amazon.publish("/odd.pem", content)
        assert hook.post(amazon.message(TOPIC, message=hook.event(), SigningCertURL=url)).status == 403, content


@pytest.mark.slow(1)
def test_a_server_that_does_not_help_has_the_message_come_again(hook, amazon):
    url = f"https://{sns.HOST}/later.pem"
    body = amazon.message(TOPIC, message=hook.event(), SigningCertURL=url)
    assert hook.post(body).status == 503  # 404
    amazon.publish("/later.pem", b"", 302, Location="http://elsewhere.example.org/cert.pem")
    assert hook.post(body).status == 503 and amazon.fetched("/cert.pem") == 0
    amazon.publish("/later.pem", b"x" * 100000)
    assert hook.post(body).status == 503
    amazon.publish("/later.pem", amazon.signer.pem() + amazon.middle.pem())
    assert hook.post(body).status == 200 and hook.state() == "bounced"


@pytest.mark.slow(1)
def test_a_missing_link_of_the_chain_is_fetched_from_amazons_authority(hook, amazon):
    amazon.publish("/middle.cer", amazon.middle.der())
    for number, (url, status) in enumerate(((f"http://{sns.AUTHORITY}/middle.cer", 200),
                                            ("http://elsewhere.example.org/middle.cer", 403),
                                            (f"http://{sns.AUTHORITY}:8080/middle.cer", 403),
                                            (f"http://{sns.AUTHORITY}@elsewhere.example.org/middle.cer", 403),
                                            (f"http://{sns.AUTHORITY}/missing.cer", 403))):
        signer = sns.Party("sns.amazonaws.com", amazon.middle, hosts=["sns.amazonaws.com"], issuer_url=url)
        page = amazon.publish(f"/alone{number}.pem", signer.pem())
        body = amazon.message(TOPIC, message=hook.event(), signer=signer, SigningCertURL=page)
        assert hook.post(body).status == status, url
    assert hook.state() == "bounced"
    assert amazon.fetched("/middle.cer") == 1


@pytest.mark.slow(1)
def test_nobody_can_have_us_fetch_without_end(hook, amazon):
    """Ten certificates in each minute of the clock that the forty messages take."""
    first = time.time() // 60
    for number in range(40):
        url = f"https://{sns.HOST}/{number}.pem"
        assert hook.post(amazon.message(TOPIC, message=hook.event(), SigningCertURL=url)).status == 503
    assert len(amazon.visits) <= 10 * (time.time() // 60 - first + 1)


def test_bad_reports_are_refused(hook, amazon):
    for body in (b"nonsense", b"[" * 100000, b'{"a":' * 3000, b"\xff"):
        assert hook.post(body).status == 400
    for body in (b"[]", b"{}", b'{"Type": "Notification"}', b'{"Type": []}', b'"text"'):
        assert hook.post(body).status in (400, 403)
    assert hook.post(b"[" + b" " * (10 << 20) + b"]").status == 413
    for inner in ("nonsense", "", "[1]", '{"a":' * 3000, '{"notificationType": "Bounce"}',
                  "Successfully validated SNS topic for Amazon SES event publishing."):
        assert hook.post(amazon.message(TOPIC, message=inner)).status == 200, inner
    assert amazon.visits == [(443, "/cert.pem")]
    assert hook.state(ANN) == "active"
