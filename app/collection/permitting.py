"""Which domain the machine that handed a message in may send for (SPF, RFC 7208)."""

import ipaddress
from typing import Any

import spf

from app.collection.resolving import Answers, Questions, Unanswered

_OURS = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


class _Query(spf.query):
    """The library's rules, with our questions in place of its own."""

    def __init__(self, questions: Questions, **given: Any) -> None:
        super().__init__(**given)
        self.questions = questions

    def dns(
        self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False
    ) -> list[Any]:
        try:
            found = _as_it_wants(self.questions.ask(str(name), qtype), qtype)
        except Unanswered as error:
            raise spf.TempError(str(error)) from error
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names that are not there")
        return found


def _as_it_wants(answers: Answers, kind: str) -> list[Any]:
    return [(answer,) for answer in answers] if kind == "TXT" else list(answers)


def is_outside(address: str) -> bool:
    """Whether it is a machine of the net at large: of others it says nothing that a
    relay of ours hands a message on."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    is_near = found.is_loopback or found.is_link_local or found.is_unspecified
    return not is_near and not any(found in network for network in _OURS)


def permitted(client_ip: str, sender: str, helo: str, questions: Questions) -> str:
    """pass, fail, softfail, neutral, none, temperror or permerror."""
    try:
        query = _Query(questions, i=client_ip, s=sender, h=helo)
        result: str = query.check()[0]
    except Exception:  # whatever a record of strangers makes the library raise
        return "permerror"
    return result


def domain_of(sender: str, helo: str) -> str:
    """The domain that was asked about: of the sender, else of the greeting."""
    return (sender.rpartition("@")[2] if sender else helo).strip().lower()
