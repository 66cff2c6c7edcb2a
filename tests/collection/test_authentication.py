"""Whether the domain of From stands for a message: with real signatures, without a
net."""

from io import BytesIO

import pytest
from cryptography.hazmat.primitives import hashes
from dkim import canonicalization
from flask import Flask

from app import apart, apart_signatures
from app.collection.aligning import is_aligned, organisation
from app.collection.authentication import Verdict, verdict_on
from app.collection.heads import author_of, head_of
from app.collection.models import InboundMail
from config import from_environment
from tests.cast import House
from tests.collection.letters import letter
from tests.collection.sending import COMPTA, MACHINE, came, send
from tests.collection.signing import HEADERS, Zone, sealed, signed, signed_by_hand

DORA = "Dora Dune <dora@dune.test>"
PAPER = ("a.pdf", "application/pdf")


def raw_from(sender: str = DORA, **how: str) -> bytes:
    return letter(PAPER, sender=sender, **how).replace(b"\n", b"\r\n")


def verdict(
    raw: bytes, sender: str = "x@else.test", ip: str = MACHINE, door: str = "smtp"
) -> Verdict:
    mail = InboundMail(door=door, sender=sender, client_ip=ip, helo="mx.else.test")
    head = head_of(raw)
    return verdict_on(mail, head, author_of(head), BytesIO(raw))


def test_a_good_signature_of_the_domain_is_believed(zone: Zone) -> None:
    found = verdict(signed(raw_from(), "dune.test"))
    assert (found.verdict, found.text) == (
        "pass",
        "dkim=pass (dune.test) spf=none dmarc=reject",
    )


def test_a_signature_of_a_domain_of_the_same_house_is_believed(zone: Zone) -> None:
    zone.key("mail.dune.test")
    assert verdict(signed(raw_from(), "mail.dune.test")).verdict == "pass"
    zone.text("_dmarc.dune.test", "v=DMARC1; p=reject; adkim=s")
    assert verdict(signed(raw_from(), "mail.dune.test")).verdict == "fail"


def test_a_machine_that_may_send_for_the_domain_is_believed(zone: Zone) -> None:
    zone.text("dune.test", f"v=spf1 ip4:{MACHINE} -all")
    assert verdict(raw_from(), "dora@dune.test").verdict == "pass"
    assert verdict(raw_from(), "dora@dune.test", ip="198.51.100.8").verdict == "fail"


def test_what_another_domain_may_send_proves_nothing_of_this_one(zone: Zone) -> None:
    zone.text("evil.test", f"v=spf1 ip4:{MACHINE} -all")
    zone.key("evil.test")
    raw = signed(raw_from(), "evil.test")
    assert verdict(raw, "x@evil.test").verdict == "fail"


def test_the_library_s_spf_follows_includes_redirects_and_exchanges(zone: Zone) -> None:
    zone.text("dune.test", "v=spf1 include:a.test redirect=b.test")
    zone.text("a.test", "v=spf1 mx ~all")
    zone.records["a.test", "MX"] = [(10, "mx.a.test")]
    zone.records["mx.a.test", "A"] = ["203.0.113.9"]
    zone.text("b.test", "v=spf1 a:c.test -all")
    zone.records["c.test", "A"] = [MACHINE]
    assert verdict(raw_from(), "dora@dune.test").verdict == "pass"


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.1.2.3", "::1", "", "::ffff:10.0.0.1"])
def test_a_machine_of_ours_that_hands_mail_on_proves_nothing(
    zone: Zone, ip: str
) -> None:
    zone.text("dune.test", "v=spf1 +all")
    assert verdict(raw_from(), "dora@dune.test", ip=ip).verdict == "none"


def altered(raw: bytes) -> bytes:
    return raw.replace(b"ci-joint", b"la-dessus")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(altered(signed(raw_from(), "dune.test")), id="altered"),
        pytest.param(signed(raw_from(), "dune.test", by="evil.test"), id="wrong key"),
        pytest.param(
            signed_by_hand(raw_from(), "dune.test", "subject:to", hashes.SHA256()),
            id="without From",
        ),
        pytest.param(
            signed(raw_from(), "dune.test", length=True) + b"more\r\n", id="with l="
        ),
        pytest.param(
            b"Content-Type: text/html\r\n" + signed(raw_from(), "dune.test"),
            id="Content-Type twice",
        ),
        pytest.param(
            signed_by_hand(raw_from(), "dune.test", "from:to", hashes.SHA1()),  # noqa: S303
            id="SHA-1",
        ),
    ],
)
def test_a_signature_that_does_not_stand_for_the_whole_message_is_none(
    zone: Zone, raw: bytes
) -> None:
    assert verdict(raw).verdict == "fail"


def test_a_signature_made_by_hand_is_good_where_nothing_is_amiss(zone: Zone) -> None:
    raw = signed_by_hand(raw_from(), "dune.test", "from:to", hashes.SHA256())
    assert verdict(raw).verdict == "pass"


def test_a_signature_with_a_length_that_covers_everything_is_good(zone: Zone) -> None:
    assert verdict(signed(raw_from(), "dune.test", length=True)).verdict == "pass"


def test_a_short_key_proves_nothing(zone: Zone) -> None:
    zone.key("dune.test", bits=1024)
    assert verdict(signed(raw_from(), "dune.test", bits=1024)).verdict == "pass"
    found = verdict(signed(raw_from(), "dune.test", bits=1024).replace(b"s1", b"s2"))
    assert found.verdict == "fail"


def test_the_second_of_two_signatures_counts_too(zone: Zone) -> None:
    """The library looks at the first alone; a list puts its own on top."""
    zone.key("list.test")
    raw = signed(signed(raw_from(), "dune.test"), "list.test")
    assert verdict(raw).verdict == "pass"


@pytest.mark.parametrize("wish", ["none", "quarantin"])
def test_a_domain_that_asks_for_nothing_disowns_nothing(zone: Zone, wish: str) -> None:
    zone.text("_dmarc.dune.test", f"v=DMARC1; p={wish}")
    assert verdict(raw_from()).verdict == "none"


def test_a_domain_without_any_record_is_neither_proven_nor_disowned(zone: Zone) -> None:
    assert verdict(raw_from("A <a@nothing.test>")).verdict == "none"


def test_the_record_of_the_house_counts_for_its_parts(zone: Zone) -> None:
    raw = raw_from("Dora <dora@paris.dune.test>")
    assert verdict(raw).verdict == "fail"
    zone.text("_dmarc.dune.test", "v=DMARC1; p=reject; sp=none")
    assert verdict(raw).verdict == "none"


def test_two_records_are_none(zone: Zone) -> None:
    zone.text("_dmarc.dune.test", "v=DMARC1; p=reject", "v=DMARC1; p=reject")
    assert verdict(raw_from()).verdict == "none"


@pytest.mark.parametrize(
    "name", ["_dmarc.dune.test", "s1._domainkey.dune.test", "dune.test", "*"]
)
def test_what_nobody_answered_disowns_nobody(zone: Zone, name: str) -> None:
    zone.silent.add(name)
    raw = altered(signed(raw_from(), "dune.test"))
    assert verdict(raw, "dora@dune.test").verdict == "none"


def test_the_ends_of_domains_that_no_list_knows_are_not_one_house() -> None:
    """authheaders takes all of .test for one."""
    assert organisation("a.b.dupont-mac.co.uk") == "dupont-mac.co.uk"
    assert organisation("mail.supplier.test") == "supplier.test"
    assert not is_aligned("evil.test", "dune.test")
    assert not is_aligned("com", "dune.com")
    assert is_aligned("mail.dupont-mac.fr", "dupont-mac.fr")


def test_a_domain_with_a_hyphen_is_read_to_its_end(zone: Zone) -> None:
    """authheaders reads example.com out of a@example.com-evil.test."""
    zone.domain("dune.test-evil.test")
    raw = signed(raw_from("Dora <dora@dune.test-evil.test>"), "dune.test-evil.test")
    head = head_of(raw)
    assert author_of(head).domain == "dune.test-evil.test"
    assert verdict(raw).verdict == "pass"


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Dora <dora@dune.test>", "dora@dune.test"),
        ("DORA@Dune.Test", "dora@dune.test"),
        ('"Dune, Dora" <dora@dune.test>', "dora@dune.test"),
        ('"dora@dune.test" <evil@evil.test>', "evil@evil.test"),
        ("=?utf-8?q?dora=40dune.test?= <evil@evil.test>", "evil@evil.test"),
        ("dora@dune.test <evil@evil.test>", ""),
        ("<dora@dune.test>, <evil@evil.test>", ""),
        ("evil@evil.test (dora@dune.test)", "evil@evil.test"),
        ("<dora@dune.test> evil@evil.test", ""),
        ("Dora <do\u200bra@dune.test>", ""),
        ("Dora <dora@d\u212ane.test>", ""),
        ("Dora <dor\u0430@dune.test>", ""),
        ("Whomever", ""),
        ("", ""),
        ("a" * 2000 + " <dora@dune.test>", ""),
        (f"Dora <{'a' * 244}@dune.test>", f"{'a' * 244}@dune.test"),
        (f"Dora <{'a' * 245}@dune.test>", ""),  # RFC 5321, 4.5.3.1.3
    ],
)
def test_an_author_is_told_only_where_every_reading_gives_the_same(
    sender: str, expected: str
) -> None:
    raw = b"From: " + sender.encode() + b"\r\nSubject: x\r\n\r\nx"
    assert author_of(head_of(raw)).address == expected


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ('"Dora', True),
        ('Dora"', True),
        ('"Dora”', True),
        ('“Dora"', True),
        ("Dora's \"Dune", True),
        ('"Dora\\"', True),
        ("Dune (Dora", True),
        ("Dune) Dora", True),
        ("Dune; Dora", True),
        ("Dora [Dune]", True),
        ('=?utf-8?q?"Dora?=', True),
        ("Dora @ Dune", True),
        ("“dora@dune.test”", True),
        ("'DORA@dune.test\"", True),
        ('"evil@evil.test', False),
        ("“evil@evil.test”", False),
        ("“evil @ evil . test”", False),
        ('"evil@evil(.test', False),
        ('"=?utf-8?b?ZXZpbEBldmlsLnRlc3Q=?=', False),
        ("“<evil@evil.test>”", False),
        ('"Dora <evil@evil.test>,', False),
        ('"dora@dune.test, evil@evil.test', False),
    ],
)
def test_a_name_that_breaks_the_rules_hides_no_author_and_makes_none(
    name: str, is_told: bool
) -> None:
    raw = b"From: " + name.encode() + b" <dora@dune.test>\r\nSubject: x\r\n\r\nx"
    assert author_of(head_of(raw)).address == ("dora@dune.test" if is_told else "")


def test_a_quote_too_few_is_no_forgery(zone: Zone) -> None:
    raw = raw_from().replace(b"From: ", b'From: "', 1)
    assert verdict(signed(raw, "dune.test")).verdict == "pass"
    assert verdict(raw).verdict == "fail"  # it is still to be proven


@pytest.mark.parametrize(
    "top",
    [
        b"From: evil@evil.test\r\n",
        b"X-A: b\rFrom: evil@evil.test\r\n",
        b"X-A: b\rFrom: evil@evil.test\r\r",
        b"from : evil@evil.test\r\n",
    ],
)
def test_two_authors_are_no_author(zone: Zone, top: bytes) -> None:
    raw = top + signed(raw_from(), "dune.test")
    assert author_of(head_of(raw)).address == ""
    assert verdict(raw).verdict != "pass"


# What the provider says


@pytest.fixture
def google(app: Flask, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> Zone:
    monkeypatch.setitem(app.config, "INBOUND_AUTHSERV_ID", "mx.google.com")
    return zone


PASS = (
    "Authentication-Results: mx.google.com;\r\n dkim=pass header.i=@dune.test"
    " header.s=x header.b=a/b+c=;\r\n spf=pass (google.com: domain of x@dune.test"
    " designates 1.2.3.4 as permitted sender) smtp.mailfrom=x@dune.test;\r\n"
    " dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=dune.test\r\n"
)


def test_the_provider_s_topmost_word_is_taken_at_its_door(google: Zone) -> None:
    raw = PASS.encode() + raw_from()
    assert verdict(raw, door="imap").verdict == "pass"
    assert google.asked == []
    assert verdict(raw, door="smtp").verdict == "fail"  # anybody wrote it


def test_what_the_provider_says_at_length_is_kept_as_far_as_it_goes(
    google: Zone, house: House
) -> None:
    more = "".join(f";\r\n dkim=fail header.i=@d{n}.test" for n in range(100))
    raw = PASS.replace(" dmarc=", f"{more[3:]};\r\n dmarc=").encode() + raw_from()
    mail = send(raw, COMPTA, came("x@dune.test", door="imap"))
    assert (mail.verdict, len(mail.verdict_text)) == ("pass", 500)
    assert mail.reason != "damaged"


def test_the_word_of_a_relay_of_ours_is_taken(
    google: Zone, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = from_environment(
        {"GUICHET_ENV": "test", "INBOUND_RELAYS": "198.51.100.0/24"}
    )
    monkeypatch.setitem(app.config, "INBOUND_RELAYS", read["INBOUND_RELAYS"])
    assert verdict(PASS.encode() + raw_from()).verdict == "pass"
    # What it hands on without a word is not its own to send.
    google.text("dune.test", f"v=spf1 ip4:{MACHINE} -all")
    assert verdict(raw_from(), "dora@dune.test").verdict == "none"


@pytest.mark.parametrize(
    "top",
    [
        "Authentication-Results: mx.other.test; dmarc=fail header.from=dune.test\r\n",
        "Authentication-Results: mx.google.com; none\r\n",
        "Authentication-Results: nonsense\r\n",
        PASS.replace("mx.google.com", "mx.evil.test"),
        PASS.replace("dune.test", "evil.test"),
    ],
)
def test_what_stands_below_the_topmost_is_forged(google: Zone, top: str) -> None:
    raw = top.encode() + PASS.encode() + raw_from()
    assert verdict(raw, door="imap").verdict != "pass"


def test_a_failure_that_the_provider_saw_is_one(google: Zone) -> None:
    said = (
        "Authentication-Results: mx.google.com; dkim=none; spf=softfail smtp.mailfrom="
        "x@evil.test; dmarc=fail (p=%s dis=NONE) header.from=dune.test\r\n"
    )
    for wish, expected in (("REJECT sp=REJECT", "fail"), ("NONE sp=NONE", "none")):
        raw = (said % wish).encode() + raw_from()
        assert verdict(raw, door="imap").verdict == expected, wish


# What a sealer saw

SEEN = (
    "mx.google.com; spf=pass smtp.mailfrom=x@dune.test;"
    " dmarc=pass header.from=dune.test"
)


@pytest.fixture
def sealers(zone: Zone) -> Zone:
    for domain in ("google.com", "microsoft.com", "evil.test"):
        zone.key(domain)
    return zone


def test_a_sealer_of_the_short_list_is_believed_for_what_it_passed_on(
    sealers: Zone,
) -> None:
    found = verdict(sealed(raw_from(), "google.com", SEEN))
    assert (found.verdict, found.text[:8]) == ("pass", "arc=pass")


@pytest.mark.parametrize(
    ("sealer", "results"),
    [
        ("evil.test", SEEN),
        ("google.com", SEEN.replace("=pass", "=fail")),
        ("google.com", SEEN.replace("dune.test", "evil.test")),
    ],
)
def test_other_seals_prove_nothing(sealers: Zone, sealer: str, results: str) -> None:
    assert verdict(sealed(raw_from(), sealer, results)).verdict == "fail"


def test_what_was_altered_since_it_was_sealed_is_not_believed(sealers: Zone) -> None:
    raw = sealed(raw_from(), "google.com", SEEN)
    assert verdict(altered(raw)).verdict == "fail"
    swapped = raw.replace(b"Dora Dune <dora@", b"Dora Dune <boss@")
    assert verdict(swapped).verdict == "fail"


# What would hang or break


def test_a_body_of_blanks_holds_nobody_up(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library alone takes hours for it; it would be stopped, and prove nothing."""
    quick = apart_signatures.without_blanks_at_ends
    monkeypatch.setattr(canonicalization, "strip_trailing_whitespace", quick)
    blanks = b" " * 2_000_000
    raw = raw_from().replace(b"ci-joint", b"ci-joint" + blanks + b"x" + blanks)
    raw = signed(raw, "dune.test", canonicalize=(b"relaxed", b"relaxed"))
    assert verdict(raw).verdict == "pass"


def test_what_breaks_its_reader_is_not_held_against_the_sender(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "ask", lambda *_given, **_more: None)
    assert verdict(signed(raw_from(), "dune.test")).verdict == "none"


@pytest.mark.parametrize(
    "line",
    [
        b"DKIM-Signature: \r\n",
        b"DKIM-Signature: v=1; d=dune.test; d=dune.test\r\n",
        b"DKIM-Signature: v=1; a=x; d=dune.test; s=s1; h=from; b=!!; bh=?\r\n",
        b"DKIM-Signature: " + b"\xff" * 100 + b"\r\n",
        b"ARC-Seal: i=0; d=google.com; s=s1\r\n" * 3,
        b"ARC-Seal: i=1; d=google.com; s=s1\r\n" * 300,
        b"no header at all\r\n",
    ],
)
def test_malformed_signatures_are_none(sealers: Zone, line: bytes) -> None:
    assert verdict(line + raw_from()).verdict in {"fail", "none"}


def test_all_headers_that_are_signed_may_be_more_than_one(zone: Zone) -> None:
    raw = signed(raw_from(), "dune.test", headers=[*HEADERS, b"from", b"subject"])
    assert verdict(raw).verdict == "pass"
