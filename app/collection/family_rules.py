"""What a firm may call its families of addresses, and where these may lead."""

import re
import unicodedata
import uuid

from sqlalchemy import select

from app.collection.families import STANDARD, Family
from app.collection.models import POLICIES
from app.companies.models import TreeTemplate
from app.companies.slugs import RESERVED
from app.connectors import catalogue
from app.connectors.file_keys import TAKEN_PREFIXES
from app.connectors.models import OwnApp
from app.db import db
from app.errors import Refused
from app.library.template_nodes import STANDARD as STANDARD_NODES, every, read
from app.library.template_words import kind_words
from app.texts import gettext as _

PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# With its sign and the longest of slugs it fits in 64 (RFC 5321, 4.5.3.1.1).
LONGEST_PREFIX = 12
LONGEST_NAME = 60
# Names of companies' pages are no concern here; those that mail keeps for others are.
_OUR_OWN = {family.prefix for family in STANDARD} | {"achats"}
_KEPT = (RESERVED | {*TAKEN_PREFIXES, "mailer-daemon", "sent", "envoi"}) - _OUR_OWN


def kinds() -> dict[str, str]:
    """What the folders of the firm's templates are made for, with their words; where
    it has no default one, those of the standard one too."""
    templates = db.session.scalars(select(TreeTemplate)).all()
    nodes = [node for t in templates for node in every(read(t.content))]
    if not any(template.is_default for template in templates):
        nodes += every(STANDARD_NODES)
    found = kind_words({node.kind for node in nodes})
    del found["plain"]  # a company may have many of them
    return found


def checked(prefix: str, name: str, kind: str, policy: str) -> Family:
    """Raises Refused, at `name`, `folder_kind` or `policy`."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or not name.isprintable():
        raise Refused(_("Give the family a name."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("%(most)s letters at most.", most=LONGEST_NAME), "name")
    if kind not in kinds():
        raise Refused(_("Choose the folder that it leads to."), "folder_kind")
    if policy not in POLICIES:
        raise Refused(_("Choose who may write to it."), "policy")
    return Family(prefix, name, kind, policy)


def checked_prefix(typed: str, firm_id: uuid.UUID, known: set[str]) -> str:
    """Raises Refused, at `prefix`."""
    prefix = typed.strip().lower()
    if not PREFIX.fullmatch(prefix) or len(prefix) > LONGEST_PREFIX or "--" in prefix:
        raise Refused(
            _(
                "Letters without accents, digits and hyphens between them, "
                "%(most)s at most.",
                most=LONGEST_PREFIX,
            ),
            "prefix",
        )
    if prefix in known:
        raise Refused(_("There is a family with this word already."), "prefix")
    if prefix in _KEPT or prefix in _of_bots(firm_id):
        raise Refused(
            _("“%(slug)s” is reserved. Choose another one.", slug=prefix), "prefix"
        )
    return prefix


def _of_bots(firm_id: uuid.UUID) -> set[str]:
    own = select(OwnApp.bot_prefix).where(OwnApp.firm_id == firm_id)
    known = {app.bot_prefix for app in catalogue.everything().values()}
    return known | set(db.session.scalars(own))
