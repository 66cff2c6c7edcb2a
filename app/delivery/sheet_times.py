"""A moment as a proof tells it: in UTC, and as clocks in Paris showed it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
Told = dict[str, str]


def told(at: datetime | None) -> Told | None:
    """{"utc": "2026-11-04T08:51:03Z", "paris": "2026-11-04T09:51:03+01:00"}."""
    if at is None:
        return None
    whole = at.astimezone(UTC).replace(microsecond=0)
    return {
        "utc": whole.isoformat().replace("+00:00", "Z"),
        "paris": whole.astimezone(PARIS).isoformat(),
    }
