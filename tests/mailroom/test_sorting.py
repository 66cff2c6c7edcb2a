"""Which kind of mail it is, and which link an invitation means."""

import pytest

from app.mailroom.links import Link, link
from app.mailroom.reading import read
from app.mailroom.sorting import kind_of, likely_link
from tests.mailroom.letters import AWAY, DSN, INVITATION, OLD_BOUNCE, REFUSAL, as_bytes


def kind(raw: bytes, sender: str = "x@tool.test", *, is_answer: bool = False) -> str:
    domains = {"tool.test"}
    return kind_of(read(raw), sender=sender, domains=domains, is_answer=is_answer)


def test_a_failed_delivery_is_a_bounce() -> None:
    assert kind(as_bytes(DSN, action="failed", message_id="<a@b>")) == "bounce"
    assert kind(as_bytes(OLD_BOUNCE, message_id="<a@b>")) == "bounce"
    assert kind(b"From: robot@mx.test\r\n\r\nNo.", sender="") == "bounce"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_what_is_only_late_or_has_arrived_is_no_bounce(action: str) -> None:
    raw = as_bytes(DSN, action=action, message_id="<a@b>")
    assert kind(raw, sender="") == "other"


def test_an_invitation_without_a_sender_is_no_bounce() -> None:
    assert kind(as_bytes(INVITATION), sender="") == "invitation"
    raw = as_bytes(INVITATION.replace("Dora vous invite", "Undeliverable: invite"))
    assert kind(raw, sender="") == "bounce"


def test_somebody_s_absence_is_no_bounce() -> None:
    assert kind(as_bytes(AWAY), sender="") == "other"


def test_a_refusal_counts_from_the_tool_or_as_an_answer_only() -> None:
    tool = as_bytes(REFUSAL, domain="mail.tool.test", message_id="<a@b>")
    stranger = as_bytes(REFUSAL, domain="tool.test.evil.test", message_id="<a@b>")
    assert kind(tool) == "refusal"
    assert kind(stranger) == "other"
    assert kind(stranger, is_answer=True) == "refusal"


@pytest.mark.parametrize(
    "said",
    [
        "Votre document a été rejeté car illisible.",
        "Ce fichier n'a pas pu être traité.",
        "Your email address is not authorised to send receipts.",
        "We couldn't process your document: unsupported file type.",
        "This sender isn't registered.",
        "Votre facture a été refusée.",
        "Vos pièces jointes ont été rejetées.",
        "Nous n’avons pas pu traiter votre document.",
        "Nous ne pouvons pas lire ce fichier.",
        "Le document n'a pu être importé.",
        "Ce format n'est pas accepté.",
    ],
)
def test_refusals_are_understood_in_both_languages(said: str) -> None:
    header = "From: a@tool.test\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    assert kind((header + said).encode()) == "refusal"


@pytest.mark.parametrize(
    "said",
    [
        "Votre document n'a pas été refusé.",
        "Si votre document n'a pas été traité sous 24 heures, écrivez-nous.",
        "Your document was accepted.",
    ],
)
def test_good_news_are_no_refusal(said: str) -> None:
    header = "From: a@tool.test\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    assert kind((header + said).encode(), is_answer=True) == "other"


@pytest.mark.parametrize(
    "header", ["In-Reply-To: <a@b>", "Auto-Submitted: auto-generated"]
)
def test_what_a_tool_writes_without_a_sender_is_no_bounce(header: str) -> None:
    """RFC 3834 wants it so: «received, thank you» must not take the validation back."""
    said = "Nous avons bien reçu votre document."
    plain = "Content-Type: text/plain; charset=utf-8"
    raw = f"From: robot@tool.test\r\n{header}\r\n{plain}\r\n\r\n{said}".encode()
    assert kind(raw, sender="", is_answer=True) == "other"
    returned = f"{raw.decode()}\r\nMessage-ID: <a@b>".encode()
    assert kind(returned, sender="", is_answer=True) == "bounce"
    refusal = raw.decode().replace(said, "Ce format n'est pas accepté.").encode()
    assert kind(refusal, sender="", is_answer=True) == "refusal"


def test_an_invitation_has_a_word_and_a_link() -> None:
    assert kind(as_bytes(INVITATION)) == "invitation"
    assert kind(b"Subject: You are invited\r\n\r\nCome!") == "other"
    assert kind(b"Subject: News\r\n\r\nhttps://tool.test/news") == "other"


def test_the_invitation_s_link_is_the_one_that_says_so() -> None:
    found = likely_link(read(as_bytes(INVITATION)).links)
    assert found
    assert found.host == "accounts.intuit.example"
    assert likely_link([]) is None


def test_leaving_a_list_is_never_the_likely_link() -> None:
    links = [
        link("https://t.test/unsubscribe?invite=1", "Unsubscribe"),
        link("https://t.test/x"),
    ]
    known = [one for one in links if isinstance(one, Link)]
    assert likely_link(known) == known[1]
