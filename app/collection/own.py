"""Our own addresses: whoever writes from one of them is us, and is not answered."""

from app.collection.addresses import is_one
from app.collection.domains import is_ours
from app.connectors import bots
from app.notices.posting import NO_REPLY

RETURNS = "bounce+"  # VERP (`delivery.envelope`)


def is_own(address: str) -> bool:
    """Of a bot, a collection address, the portal's notices or a return address. The
    firm's people may have theirs at the same domain: those are not ours."""
    address = address.strip().lower()
    local, _sign, domain = address.rpartition("@")
    if not local or not is_ours(domain):
        return False
    if local == NO_REPLY or local.startswith(RETURNS):
        return True
    return bool(bots.at(address) or is_one(address))
