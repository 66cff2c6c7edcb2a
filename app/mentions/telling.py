"""The mail to whoever is called to a comment: at once, unless they want none.

It holds none of the comment's words, which may be removed.
"""

from collections.abc import Iterable

from flask_babel import force_locale

from app.companies.models import Company
from app.db import db
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.library.models import Comment, Document
from app.notices.stopping import mention_stop_url
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _


def tell(document: Document, comment: Comment, people: Iterable[Person]) -> None:
    """The caller commits, and with that the mails leave."""
    firm = db.session.get_one(Firm, document.firm_id)
    company = db.session.get_one(Company, document.company_id)
    for person in people:
        if not person.mention_mails:
            continue
        stop = mention_stop_url(firm, person.id)
        with force_locale(person.locale):
            notify(
                person.email,
                kind="mention",
                subject=_(
                    "%(name)s mentions you: %(document)s",
                    name=comment.author_name,
                    document=document.name,
                ),
                text=_text(firm, company, document, comment, stop),
                firm=firm,
                company=company,
                stop_url=stop,
            )


def _text(
    firm: Firm, company: Company, document: Document, comment: Comment, stop: str
) -> str:
    told = _(
        "%(name)s mentions you in a comment on “%(document)s” (%(company)s).",
        name=comment.author_name,
        document=document.name,
        company=company.name,
    )
    lines = (
        told,
        "",
        f"{url_of(firm)}/documents/{document.id}#comment-{comment.id}",
        "",
        _("Not to get these mails any more: %(url)s", url=stop),
        "",
    )
    return "\n".join(lines)
