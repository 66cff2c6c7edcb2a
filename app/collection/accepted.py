"""What «always accept» would take of a mail that waits (`sender_list` takes it)."""

from app.collection.domains import is_ours
from app.collection.models import InboundMail
from app.collection.sender_patterns import is_kept, is_of_everybody


def pattern_for(mail: InboundMail) -> str:
    """The whole domain where that stands for the mail and is somebody's own, else the
    address alone. Nothing where it is forged, or no address that could be kept."""
    address = mail.from_address
    domain = address.rpartition("@")[2]
    if mail.verdict == "fail" or not is_kept(address) or is_ours(domain):
        return ""
    is_domain = mail.verdict == "pass" and not is_of_everybody(domain)
    return f"@{domain}" if is_domain else address


def is_offered(mail: InboundMail) -> bool:
    """Chosen from the start: only where the domain stands for its mail."""
    return mail.verdict == "pass" and mail.reason == "unknown_sender"
