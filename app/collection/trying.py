"""What would become of a mail, told without sending one: who that is, whether it would
be filed by itself, and where."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from app.collection import places, sender_list, sender_patterns
from app.collection.addresses import Listed
from app.collection.own import is_own
from app.collection.places import Place
from app.collection.senders import person_at
from app.companies.managers import EMAIL
from app.companies.models import Company
from app.db import db, utc_now
from app.errors import Refused
from app.library.models import Folder
from app.people.models import Membership, Person
from app.people.passwords import normal_email
from app.texts import gettext as _


@dataclass(frozen=True)
class Told:
    """`kind`: firm, company, accepted (the address), domain (accepted whole), away
    (staff who do not follow the company), other (of another company), unknown."""

    sender: str
    name: str
    kind: str
    listed: Listed
    place: Place
    # Why a person would have to look at it first; nothing when it is filed by itself.
    reason: str

    @property
    def folder(self) -> Folder | None:
        return None if self.reason else self.place.folder

    @property
    def who(self) -> str:
        return {
            "firm": _("%(name)s, of the firm", name=self.name),
            "company": _("%(name)s, of the company", name=self.name),
            "accepted": _("A sender that you accepted"),
            "domain": _("Of a domain that you accepted"),
            "away": _(
                "%(name)s, of the firm, who does not follow this company",
                name=self.name,
            ),
            "other": _("%(name)s, of another company: not known here", name=self.name),
            "unknown": _("Nobody known here"),
        }[self.kind]

    @property
    def provided(self) -> str:
        """What filing depends on besides, once the mail itself is there."""
        if self.reason:
            return ""
        if self.listed.policy == "open" or self.kind == "accepted":
            return _(
                "Unless the sender’s domain disowns it (SPF, DKIM): then it waits."
            )
        return _(
            "Provided that the sender’s domain stands for the mail (SPF, DKIM): else "
            "it waits, for anybody can write any sender."
        )

    @property
    def why(self) -> str:
        return {
            "": "",
            "archived": _("The company is archived."),
            "ours": _("It is an address of ours: such mails are answers or loops."),
            "unknown_sender": _("The sender is not known for this address."),
            "no_inbox": _("There is no folder that it could go to."),
        }[self.reason]


def would_be(company: Company, listed: Listed, sender: str, *, reader: Person) -> Told:
    """Raises Refused, at `sender`, for what is no address."""
    sender = normal_email(sender)
    if not EMAIL.fullmatch(sender):
        raise Refused(_("This is not an e-mail address."), "sender")
    name, kind = _who(company, sender, reader)
    day = places.day_of(utc_now())
    [place] = places.places_of(company, [(listed.family.prefix, listed.row)], day)
    reason = _why_not(company, listed, sender, kind)
    if not reason and not place.folder:
        reason = "no_inbox"
    return Told(sender, name, kind, listed, place, reason)


def _who(company: Company, sender: str, reader: Person) -> tuple[str, str]:
    if person := person_at(sender, company):
        return person.name, "firm" if person.is_firm_side else "company"
    patterns = {row.pattern for row in sender_list.of(company)}
    if sender in patterns:
        return "", "accepted"
    if sender_patterns.is_accepted(sender, patterns):
        return "", "domain"
    if stranger := _person_of_firm(company, sender, reader):
        return stranger.name, "away" if stranger.is_firm_side else "other"
    return "", "unknown"


def _person_of_firm(company: Company, sender: str, reader: Person) -> Person | None:
    """A colleague, or a client of a company that the reader may enter."""
    seen = Company.visible_to(reader).with_only_columns(Company.id)
    theirs = select(Membership.person_id).where(Membership.company_id.in_(seen))
    return db.session.scalar(
        select(Person).where(
            Person.firm_id == company.firm_id,
            Person.email == sender,
            Person.disabled_at.is_(None),
            or_(Person.role != "client", Person.id.in_(theirs)),
        )
    )


def _why_not(company: Company, listed: Listed, sender: str, kind: str) -> str:
    if company.archived_at:
        return "archived"
    if is_own(sender):
        return "ours"
    is_known = {
        "open": True,
        "known": kind in {"firm", "company", "accepted", "domain"},
        "list": kind in {"accepted", "domain"},
    }
    return "" if is_known[listed.policy] else "unknown_sender"
