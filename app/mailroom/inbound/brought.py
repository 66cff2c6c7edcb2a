"""A message as a provider brings it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

Headers = Mapping[str, str]
AHEAD = 300  # seconds by which the provider's clock may be before ours


class Forged(Exception):
    """Not signed by the provider, or too long ago, or used before for another one."""


class Unreadable(Exception):
    """It is the provider, and it brings no message that we could keep."""


@dataclass(frozen=True)
class Brought:
    """The recipients are the envelope's, as the provider tells; never a header's."""

    raw: bytes
    recipients: tuple[str, ...]
    sender: str = ""
    client_ip: str = ""
    # The provider's own name for it, if any.
    provider_id: str | None = None
    # What may be used for this message only, where the body itself is not signed.
    token: str = ""


def is_recent(timestamp: str, oldest: int) -> bool:
    """`oldest`: seconds that a signature is good for. No less than the provider goes on
    trying: what we put off may come again with the same one, and would be lost."""
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    return -AHEAD <= time.time() - int(timestamp) <= oldest
