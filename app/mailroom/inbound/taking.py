"""What a provider brings is kept for each of its recipients that is ours."""

import hashlib

from app.collection.accepting import Envelope
from app.delivery import events
from app.mailroom.entrance import Taken, take_in, whose
from app.mailroom.inbound.brought import Brought, Forged, Unreadable


def take(provider: str, brought: Brought) -> list[Taken]:
    """Commits. Raises Forged for a token that was used for another message, Unreadable
    when nobody here is meant; and what `take_in` raises."""
    ours = [address for address in brought.recipients if whose(address)]
    if not ours:
        raise Unreadable(f"none of ours among {len(brought.recipients)} recipients")
    if brought.token:
        message = f"mail {hashlib.sha256(brought.raw).hexdigest()}"
        try:
            events.use_once(provider, brought.token, message)
        except events.Replayed as replayed:
            raise Forged from replayed
    envelope = Envelope(
        door=provider,
        sender=brought.sender,
        client_ip=brought.client_ip,
        provider_id=brought.provider_id,
    )
    return take_in(brought.raw, envelope, ours)
