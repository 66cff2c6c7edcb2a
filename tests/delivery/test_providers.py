"""The parsers, on anything that may be JSON, and on what they are written for."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from app.delivery.providers import metadata
from app.delivery.providers.known import PROVIDERS
from tests.delivery.tellers import BODIES, NAMES, Of

KINDS = ("delivered", "bounced", "delayed", "complained", "other")
WORDS = st.sampled_from(
    [
        *("RecordType", "ID", "Type", "Bounce", "Delivery", "MessageID", "Metadata"),
        *("event-data", "id", "event", "failed", "severity", "permanent", "message"),
        *("headers", "message-id", "user-variables", "delivery", "delivery-status"),
        *("sg_event_id", "bounce", "smtp-id", "email", "Message", "MessageId", "mail"),
        *("eventType", "bouncedRecipients", "tags", "destination", "emailAddress"),
        *("SubscriptionConfirmation", "SubscribeURL", "recipients", "name", "value"),
    ]
)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | WORDS,
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=5), inside, max_size=6)
    ),
    max_leaves=25,
)


def is_fit(provider: str, body: str) -> None:
    """What is found has an id, fits its columns, and is read the same again."""
    for event in PROVIDERS[provider].events(body, {}):
        assert 0 < len(event.event_id) <= 255
        assert event.kind in (*KINDS, "subscribe")
        assert "\x00" not in event.event_id + event.text + event.raw
        (event.event_id + event.text + event.raw + event.recipient).encode()
        assert PROVIDERS[provider].events(event.raw, {}) == [event]


@settings(max_examples=150)
@given(ANY)
def test_no_json_makes_a_parser_raise(told: Any) -> None:
    shapes = (told, [told], {"event-data": told}, {"MessageId": "1", "Message": told})
    inside = {"MessageId": "1", "Message": json.dumps(told)}
    for provider in NAMES:
        for shape in (*shapes, inside):
            is_fit(provider, json.dumps(shape))


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_no_bytes_make_a_parser_or_a_check_raise(body: bytes) -> None:
    for provider in NAMES:
        assert PROVIDERS[provider].events(body, {}) == []
        if provider != "ses":  # which asks the application for a certificate
            PROVIDERS[provider].is_genuine(body, {"Authorization": "Basic é"}, "key")


@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"a":' * 50_000, "9" * 5000, "NaN", '"\\ud800"']
)
def test_what_is_deep_or_large_is_left(provider: str, body: str) -> None:
    assert PROVIDERS[provider].events(body, {}) == []


@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_each_provider_is_known(provider: str, kind: str) -> None:
    of = Of(delivery="018f", message_id="<a@b.test>", provider_id="P1")
    told = BODIES[provider](kind, of, "7", "550 5.1.1\x00\n No such user")
    body = json.dumps({"event-data": told} if provider == "mailgun" else told)
    (event,) = PROVIDERS[provider].events(body, {})
    assert event.kind == kind
    assert event.recipient == of.recipient
    assert event.keys.delivery_id == "018f"
    assert "No such user" in event.text
    is_fit(provider, body)
    if provider != "postmark":  # it tells its own name only
        assert event.keys.message_ids == ("<a@b.test>",)
    if provider != "mailgun":
        assert event.keys.provider_id == "P1"


@pytest.mark.parametrize("provider", NAMES)
def test_what_is_given_to_the_provider_comes_back_as_the_delivery(
    provider: str,
) -> None:
    line, *_more = metadata.headers(provider, "018f-1")
    name, _colon, value = line.partition(": ")
    assert (name.startswith("X-"), "018f-1" in value) == (True, True)
    if value.startswith("{"):
        assert "018f-1" in str(json.loads(value))


def test_postmark_is_asked_to_keep_our_message_id() -> None:
    """Else what the tool answers would name one that we do not know."""
    assert "X-PM-KeepID: true" in metadata.headers("postmark", "018f-1")


def test_without_a_provider_nothing_is_given() -> None:
    assert metadata.headers("", "018f-1") == ()


def test_a_bounce_of_an_address_behind_the_tool_s_is_about_ours() -> None:
    """Amazon names the Final-Recipient of the report: where the tool hands its mail
    on, that is none that we know."""
    of = Of(delivery="018f", message_id="<a@b.test>")
    told = BODIES["ses"]("bounced", of, "7", "550 5.1.1 No such user")
    inside = json.loads(told["Message"])
    inside["bounce"]["bouncedRecipients"][0]["emailAddress"] = "team@behind.test"
    told["Message"] = json.dumps(inside)
    (event,) = PROVIDERS["ses"].events(json.dumps(told), {})
    assert event.recipient == of.recipient
    del inside["mail"]["destination"], inside["delivery"]
    told["Message"] = json.dumps(inside)
    (event,) = PROVIDERS["ses"].events(json.dumps(told), {})
    assert event.recipient == "team@behind.test"


def test_a_batch_is_read_to_its_end() -> None:
    """SendGrid puts as many into one as 768 kB hold."""
    batch = [{"sg_event_id": str(n), "event": "delivered"} for n in range(3000)]
    assert len(PROVIDERS["sendgrid"].events(json.dumps(batch), {})) == 3000


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("Transient", {}, "other"),
        ("Transient", {"action": "failed", "status": "4.4.7"}, "bounced"),
        ("Transient", {"diagnosticCode": "smtp; 550 5.3.0 denied"}, "bounced"),
        ("Permanent", {}, "bounced"),
    ],
)
def test_an_automatic_answer_that_amazon_calls_a_bounce_is_none(
    kind: str, row: dict[str, str], expected: str
) -> None:
    told = BODIES["ses"]("bounced", Of(delivery="018f"), "7", "so")
    inside = json.loads(told["Message"])
    recipient = {"emailAddress": "purchases.dune-alder@tool.test"}
    inside["bounce"] = {
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": [recipient | row],
    }
    told["Message"] = json.dumps(inside)
    (event,) = PROVIDERS["ses"].events(json.dumps(told), {})
    assert event.kind == expected
