"""The slug of a company: its word in addresses of pages and of mail.

One per mail domain, whatever the firm. What could be taken for another one is refused:
a letter more or less would lead a client's mail to somebody else.
"""

import re
from collections.abc import Set
from itertools import chain, count

from flask import current_app
from sqlalchemy import ColumnElement, select, true

from app.collection.models import CollectionAddress
from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.folding import plain
from app.texts import gettext as _

# Words of addresses under /companies, and names that mail and hosts keep for others.
RESERVED = frozenset(
    {
        *("new", "import", "find", "proposal", "settings", "apps", "mail", "www"),
        *("admin", "root", "postmaster", "abuse", "hostmaster", "webmaster"),
        *("noreply", "no-reply", "ne-pas-repondre", "bounce", "bounces", "envois"),
        *("compta", "ventes", "achats", "banque", "social", "ndf", "fiscal"),
        *("a-classer", "guichet", "support"),
    }
)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
SEPARATORS = ("+", ".", "-")
# What looks alike in an address, drawn as one.
LOOKS = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))


def slug_from(name: str) -> str:
    """«Dupont Maçonnerie» → «dupont-maconnerie» (a host label: RFC 1123)."""
    letters = plain(name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:50].strip("-")
    return slug or "entreprise"


def domain_of(firm: Firm) -> str:
    """Where the addresses of its new companies live."""
    return firm.mail_domain or str(current_app.config["MAIL_DOMAIN"])


def look_of(slug: str) -> str:
    """«dup0nt-mac» and «dupontmac» look the same."""
    drawn = slug.replace("-", "")
    for sign, seen in LOOKS:
        drawn = drawn.replace(sign, seen)
    return drawn


def is_slug(text: str) -> bool:
    """Whether it can be a part of an address."""
    return bool(SLUG.fullmatch(text)) and "--" not in text


def looks_taken(firm: Firm) -> set[str]:
    """Of all that a new company of the firm could be taken for."""
    return set(map(look_of, taken_slugs(firm, domain_of(firm))))


def free_slug(firm: Firm, name: str, looks: Set[str] | None = None) -> str:
    """Made from the name; with the first number that leaves it free on its domain, and
    looking like no other one there. `looks`: what `looks_taken` gives, where it was
    read already."""
    base = slug_from(name)
    looks = looks_taken(firm) if looks is None else looks
    kept = RESERVED | {firm.slug}
    numbered = (f"{base}-{number}" for number in count(2))
    return next(
        slug
        for slug in chain([base], numbered)
        if slug not in kept and look_of(slug) not in looks
    )


def checked_slug(firm: Firm, typed: str, *, but: Company | None = None) -> str:
    """The slug as it is kept. Raises Refused, at the field `slug`, when it cannot be
    one, or is (or looks like) that of somebody else."""
    slug = typed.strip().lower()
    if not is_slug(slug):
        raise Refused(
            _(
                "Only letters without accents, digits and hyphens between them, "
                "50 at most. For example: %(slug)s.",
                slug=slug_from(typed),
            ),
            "slug",
        )
    if slug in RESERVED or slug == firm.slug:
        raise Refused(
            _("“%(slug)s” is reserved. Choose another one.", slug=slug), "slug"
        )
    domain = but.mail_domain if but else domain_of(firm)
    for other in taken_slugs(firm, domain, but):
        if other == slug:
            raise Refused(
                _("“%(slug)s” is taken. Choose another one.", slug=slug), "slug"
            )
        if look_of(other) == look_of(slug):
            raise Refused(
                _(
                    "“%(slug)s” looks too much like one that is taken: mails would go "
                    "to the wrong company. Choose another one.",
                    slug=slug,
                ),
                "slug",
            )
    return slug


def taken_slugs(firm: Firm, domain: str, but: Company | None = None) -> set[str]:
    """Of every company on the mail domain, those of before included, and the words
    that stand in their place in addresses of mail; and of the firm's companies, which
    may be on the domain that it had."""
    is_other = Company.id != but.id if but is not None else true()
    wanted: ColumnElement[bool] = (Company.mail_domain == domain) & is_other
    rows = db.session.execute(
        select(Company.slug, Company.former_slug)
        .where(wanted | ((Company.firm_id == firm.id) & is_other))
        .execution_options(across_firms=True)
    )
    slugs = {slug for row in rows for slug in row if slug}
    return slugs | _chosen_words(domain, wanted)


def _chosen_words(domain: str, wanted: ColumnElement[bool]) -> set[str]:
    """Of addresses that were not made of a slug."""
    row = CollectionAddress
    made = [row.family + s + Company.slug + f"@{domain}" for s in SEPARATORS]
    found = db.session.execute(
        select(row.family, row.address)
        .join(Company, Company.id == row.company_id)
        .where(wanted, row.address.not_in(made))
        .execution_options(across_firms=True)
    )
    return {
        address.removesuffix(f"@{domain}")[len(family) + 1 :]
        for family, address in found
    }
