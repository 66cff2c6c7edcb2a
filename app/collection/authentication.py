"""Whether the domain that stands in From stands for the message (DMARC, RFC 7489).

pass: a signature of the domain is good (DKIM), or the machine may send for it (SPF), or
a provider that we trust says so. fail: nothing of it is so, everything could be looked
at, and the domain asks not to be believed then. none: all else; not knowing is no fault
of the sender's.
"""

from dataclasses import dataclass
from typing import BinaryIO

from app.collection import reported, resolving
from app.collection.aligning import Wish, is_aligned, wish_of
from app.collection.heads import Author, Head
from app.collection.models import InboundMail
from app.collection.permitting import domain_of, is_outside, permitted
from app.collection.resolving import Questions, Unanswered
from app.collection.signatures import Signed, signed


@dataclass(frozen=True)
class Verdict:
    """`text`: by what, as such headers say it; for the firm's people."""

    verdict: str = "none"
    text: str = ""


@dataclass(frozen=True)
class _Spf:
    """`result` is empty where nobody could be asked: the machine is not known."""

    result: str = ""
    domain: str = ""

    @property
    def is_sure(self) -> bool:
        return self.result not in {"", "temperror"}


def verdict_on(
    mail: InboundMail, head: Head, author: Author, source: BinaryIO
) -> Verdict:
    """Asks the net, for a few seconds at most; never raises for what it is told."""
    if author.trouble == "several":
        return Verdict("fail", "from=several")
    if not author.address:
        return Verdict("none", f"from={author.trouble}")
    if said := reported.by_the_provider(mail, head, author.domain):
        return Verdict(said.verdict, said.text[:500])
    questions = Questions(resolving.source())
    try:
        wish = wish_of(author.domain, questions)
    except Unanswered:
        wish = Wish()
    spf = _spf(mail, author.domain, questions)
    found = signed(source, head, author.domain, questions)
    return _conclude(author.domain, wish, spf, found, has_gaps=questions.has_gaps)


def _spf(mail: InboundMail, author_domain: str, questions: Questions) -> _Spf:
    """Asked only of a domain that could stand for the author's."""
    if not is_outside(mail.client_ip) or reported.is_relay(mail.client_ip):
        return _Spf()
    domain = domain_of(mail.sender, mail.helo)
    if not is_aligned(domain, author_domain):
        return _Spf("none", domain)
    result = permitted(mail.client_ip, mail.sender, mail.helo, questions)
    return _Spf(result, domain)


def _conclude(
    domain: str, wish: Wish, spf: _Spf, found: Signed, *, has_gaps: bool
) -> Verdict:
    signers = [d for d in found.by if is_aligned(d, domain, strict=wish.strict_dkim)]
    sends = spf.result == "pass" and is_aligned(
        spf.domain, domain, strict=wish.strict_spf
    )
    text = [
        f"dkim={'pass' if signers else 'none'}",
        f"spf={spf.result or 'unknown'}",
        f"dmarc={wish.policy or 'none'}",
    ]
    text[0] += f" ({', '.join(signers)})" if signers else ""
    if has_gaps:
        text.append("dns=gaps")
    if signers or sends:
        return Verdict("pass", " ".join(text)[:500])
    if found.seen and (said := reported.by_a_sealer(found.seen, domain)):
        return Verdict("pass", f"arc=pass ({said.text})"[:500])
    asks = wish.policy in {"quarantine", "reject"}
    is_sure = spf.is_sure and found.is_sure and not has_gaps
    return Verdict("fail" if asks and is_sure else "none", " ".join(text)[:500])
