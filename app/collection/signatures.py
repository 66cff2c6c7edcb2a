"""The signatures of a message that could stand for its author, looked at apart."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from dkim.util import InvalidTagValueList, parse_tag_value

from app import apart
from app.collection.aligning import is_aligned
from app.collection.heads import Head
from app.collection.resolving import Questions, Unanswered

MOST_SIGNATURES = 4  # of the author's domain; others prove nothing
MOST_SEALS = 5
# Whose word is taken for what they saw before they passed a message on. They do not
# alter who wrote it, and say so only of what they checked themselves.
SEALERS = ("google.com", "microsoft.com")
SECONDS = 8
LONGEST = 8000  # characters of a signature
LONGEST_KEY = 2000
_NAME = re.compile(r"[a-z0-9_.-]{1,253}")


@dataclass(frozen=True)
class Signed:
    """`by`: domains whose signature is good. `seen`: what the first sealer said of the
    message. `is_sure`: all of the signatures could be looked at."""

    by: tuple[str, ...] = ()
    seen: str = ""
    is_sure: bool = True


@dataclass(frozen=True)
class _Tags:
    domain: str
    selector: str

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def signed(
    source: BinaryIO, head: Head, author_domain: str, questions: Questions
) -> Signed:
    """`source`: the message, which is not read where no signature could matter."""
    every = [_tags(value) for value in head.all("DKIM-Signature")]
    wanted = {
        number: tags
        for number, tags in enumerate(every)
        if tags and is_aligned(tags.domain, author_domain)
    }
    wanted = dict(list(wanted.items())[:MOST_SIGNATURES])
    sealed = _sealed(head)
    keys, is_sure = _keys([*wanted.values(), *sealed], questions)
    if not keys:
        return Signed(is_sure=is_sure)
    order = {"keys": keys, "dkim": list(wanted), "arc": bool(sealed)}
    with tempfile.TemporaryFile() as copy:
        copy.write(json.dumps(order).encode() + b"\n")
        source.seek(0)
        shutil.copyfileobj(source, copy)
        copy.seek(0)
        said = apart.ask("signatures", copy, "message/rfc822", seconds=SECONDS)
    if said is None:
        return Signed(is_sure=False)
    by = tuple(dict.fromkeys(wanted[number].domain for number in said["good"]))
    return Signed(by, said["arc"], is_sure)


def _tags(value: str) -> _Tags | None:
    if len(value) > LONGEST:
        return None
    try:
        tags = parse_tag_value(value.encode("ascii", "replace"))
    except InvalidTagValueList:
        return None
    domain, selector = (tags.get(t, b"").decode().lower() for t in (b"d", b"s"))
    is_good = _NAME.fullmatch(domain) and _NAME.fullmatch(selector)
    return _Tags(domain, selector) if is_good else None


def _sealed(head: Head) -> list[_Tags]:
    """Whose keys the chain of seals needs; nothing unless all are of the short list."""
    values = [*head.all("ARC-Seal"), *head.all("ARC-Message-Signature")]
    if len(values) > 2 * MOST_SEALS:
        return []
    tags = [tags for value in values if (tags := _tags(value))]
    is_good = len(tags) == len(values) and all(t.domain in SEALERS for t in tags)
    return tags if is_good else []


def _keys(
    signatures: Iterable[_Tags], questions: Questions
) -> tuple[dict[str, str], bool]:
    """The keys by their names, and whether each question had an answer."""
    keys, is_sure = {}, True
    for name in dict.fromkeys(tags.key_name for tags in signatures):
        try:
            texts = questions.ask(name)
        except Unanswered:
            is_sure = False
            continue
        if texts:
            keys[name] = texts[0][:LONGEST_KEY].decode("ascii", "replace")
    return keys, is_sure
