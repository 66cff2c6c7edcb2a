"""Writing to people: the mail is a row of this transaction, and leaves after it."""

from app.companies.models import Company
from app.db import db
from app.firms.models import Firm
from app.notices import posting
from app.notices.models import Notice
from app.queueing import enqueue


def notify(
    recipient: str,
    *,
    kind: str,
    subject: str,
    text: str,
    firm: Firm | None,
    company: Company | None = None,
    reply_to: str | None = None,
    stop_url: str | None = None,
    thread: str = "",
) -> Notice:
    """Write to one person, in the firm's name (or the platform's); flushed.
    What tells of one company leaves only while it is open to them.

    It is sent once this transaction is committed. When the queue or the server is
    away, the next run of the automaton sends it.
    """
    notice = Notice(
        firm_id=firm.id if firm else None,
        company_id=company.id if company else None,
        kind=kind,
        recipient=recipient,
        reply_to=reply_to,
        stop_url=stop_url,
        thread=thread,
        subject=subject[:255],
        text=text,
    )
    db.session.add(notice)
    db.session.flush()
    enqueue(posting.post_notices)
    return notice
