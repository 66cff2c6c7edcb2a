"""«Application personnalisée»: a firm describes a tool that the catalogue has not.

Acts; the caller commits.
"""

import re
import unicodedata
import uuid
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from app.activity.recording import record
from app.collection.models import MailFamily
from app.connectors import apps, catalogue, connecting
from app.connectors.file_keys import DOMAIN, TAKEN_PREFIXES
from app.connectors.models import OwnApp
from app.connectors.partner import MEGABYTE, USUAL_TYPES
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.folding import plain
from app.people.models import Person
from app.texts import gettext as _

LONGEST_NAME = 80
LONGEST_PREFIX = 20
TONE = "slate"


@dataclass(frozen=True)
class Described:
    name: str
    usual_domain: str
    types: tuple[str, ...]  # none means any
    max_file_bytes: int


def checked(
    name: str, usual_domain: str, types: list[str], max_megabytes: str
) -> Described:
    """What was typed, as it is kept; `types` holds "any" or media types.

    Raises Refused at the field of the same name.
    """
    return Described(
        _checked_name(name),
        _checked_domain(usual_domain),
        _checked_types(types),
        _checked_size(max_megabytes),
    )


def create(described: Described, *, by: Person) -> OwnApp:
    """The application, among those of the firm at once; flushed.

    Raises Refused when the firm has one of that name.
    """
    firm_id = by.firm_id
    if firm_id is None:
        raise ValueError("only a firm has applications of its own")
    _refuse_taken(firm_id, described.name)
    row = OwnApp(
        firm_id=firm_id,
        key=f"{apps.OWN}{uuid.uuid4().hex}",
        tone=TONE,
        bot_prefix=_free_prefix(firm_id, described.name),
        created_by_id=by.id,
    )
    _write(row, described)
    db.session.add(row)
    db.session.flush()
    connecting.adopt(firm_id, apps.described(row), by=by)
    _record("own_app_created", row, by)
    return row


def change(row: OwnApp, described: Described, *, by: Person) -> None:
    """Its prefix stays: addresses made of it have been given to the tool.

    Raises Refused when the firm has another one of that name.
    """
    _refuse_taken(row.firm_id, described.name, but=row)
    _write(row, described)
    _record("own_app_changed", row, by)


def find(key: str) -> OwnApp | None:
    return db.session.scalar(select(OwnApp).where(OwnApp.key == key))


def _refuse_taken(firm_id: uuid.UUID, name: str, but: OwnApp | None = None) -> None:
    """One at a time in the firm, so that its name and prefix stay free until then."""
    db.session.get_one(Firm, firm_id, with_for_update=True)
    for row in db.session.scalars(select(OwnApp).where(OwnApp.firm_id == firm_id)):
        if row is not but and plain(row.name) == plain(name):
            raise Refused(_("One of your applications has this name."), "name")


def _write(row: OwnApp, described: Described) -> None:
    row.name = described.name
    row.monogram = _monogram(described.name)
    row.usual_domain = described.usual_domain
    row.content_types = list(described.types)
    row.max_file_bytes = described.max_file_bytes


def _record(verb: str, row: OwnApp, by: Person) -> None:
    record(
        verb,
        firm_id=row.firm_id,
        actor_id=by.id,
        firm_only=True,
        app=row.key,
        name=row.name,
    )


def _checked_name(raw: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", raw).split())
    if not any(letter.isalnum() for letter in name):
        raise Refused(_("Give the application a name."), "name")
    if not name.isprintable():
        raise Refused(_("This name holds a letter that cannot be shown."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(
            _("%(most)s letters at most.", most=LONGEST_NAME),
            "name",
        )
    return name


def _checked_domain(raw: str) -> str:
    domain = raw.strip().lower().removeprefix("@")
    if domain and (len(domain) > 253 or not DOMAIN.fullmatch(domain)):
        example = "outil.fr"
        raise Refused(
            _("This is not a domain. Example: %(example)s", example=example),
            "usual_domain",
        )
    return domain


def _checked_types(given: list[str]) -> tuple[str, ...]:
    if "any" in given:
        return ()
    types = tuple(each for each in USUAL_TYPES if each in given)
    if not types:
        raise Refused(_("Choose at least one type of file."), "types")
    return types


def _checked_size(raw: str) -> int:
    most = current_app.config["MAX_UPLOAD_MB"]
    typed = raw.strip().replace(",", ".")
    number = float(typed) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", typed) else 0
    if not 0 < number <= most:
        raise Refused(
            _("Enter a number of megabytes between 0 and %(most)s.", most=most),
            "max_megabytes",
        )
    return round(number * MEGABYTE)


def _monogram(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", plain(name))
    letters = "".join(word[0] for word in words) if len(words) > 1 else "".join(words)
    return letters[:2] or next(c for c in name if c.isalnum())[:1]


def _free_prefix(firm_id: uuid.UUID, name: str) -> str:
    """Letters and digits of the name; with a number behind them when taken."""
    taken = {app.bot_prefix for app in catalogue.everything().values()}
    own = select(OwnApp.bot_prefix).where(OwnApp.firm_id == firm_id)
    families = select(MailFamily.prefix).where(MailFamily.firm_id == firm_id)
    taken |= {*TAKEN_PREFIXES, *db.session.scalars(own.union(families))}
    stem = re.sub(r"[^a-z0-9]", "", plain(name)) or "outil"
    prefix, number = stem[:LONGEST_PREFIX], 1
    while prefix in taken:
        number += 1
        prefix = f"{stem[: LONGEST_PREFIX - len(str(number))]}{number}"
    return prefix
