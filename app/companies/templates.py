"""The tree templates of a firm: made, named, changed, removed. Acts; the caller
commits."""

import uuid

from sqlalchemy import ColumnElement, func, select, update

from app.activity.recording import record
from app.companies.models import Company, TreeTemplate
from app.db import db, utc_now
from app.errors import Refused
from app.library.template_nodes import STANDARD, Nodes, default_template, written
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _
from app.typed import one_line

LONGEST_NAME = 100


def everything() -> list[TreeTemplate]:
    """The default one first."""
    return list(
        db.session.scalars(
            select(TreeTemplate).order_by(
                TreeTemplate.is_default.desc(), func.lower(TreeTemplate.name)
            )
        )
    )


def choices() -> list[tuple[str, str]]:
    """(value, name) of what a company may be given; an empty value is the default."""
    default = default_template()
    first = default.name if default else _("Standard template")
    others = [t for t in everything() if not t.is_default]
    return [
        ("", _("%(name)s (the firm’s default)", name=first)),
        *((str(template.id), template.name) for template in others),
    ]


def followers(template: TreeTemplate) -> int:
    """How many companies have it, by choice or by default."""
    return db.session.scalar(select(func.count(Company.id)).where(is_of(template))) or 0


def is_of(template: TreeTemplate) -> ColumnElement[bool]:
    own = Company.template_id == template.id
    return own | Company.template_id.is_(None) if template.is_default else own


def make(name: str, like: TreeTemplate | None, *, by: Person) -> TreeTemplate:
    """A copy of another one, or of the standard one. Raises Refused."""
    assert by.firm_id  # noqa: S101 - administrators of a firm only
    _in_turn(by.firm_id)
    template = TreeTemplate(
        firm_id=by.firm_id,
        name=_checked_name(name),
        content=like.content if like else written(STANDARD),
    )
    db.session.add(template)
    db.session.flush()
    _note("template_made", template, by)
    return template


def rename(template: TreeTemplate, name: str, *, by: Person) -> None:
    _in_turn(template.firm_id)
    template.name = _checked_name(name, but=template)
    _note("template_renamed", template, by)


def make_default(template: TreeTemplate, *, by: Person) -> None:
    """For companies that have no other one."""
    _in_turn(template.firm_id)
    db.session.execute(
        update(TreeTemplate)
        .where(TreeTemplate.firm_id == template.firm_id, TreeTemplate.is_default)
        .values(is_default=False)
    )
    template.is_default = True
    db.session.flush()
    _note("template_made_default", template, by)


def remove(template: TreeTemplate, *, by: Person) -> None:
    """Trees stay as they are. Raises Refused while companies follow it."""
    if count := followers(template):
        raise Refused(
            _(
                "%(count)s companies follow this template. Give them another one "
                "first.",
                count=count,
            )
            if count > 1
            else _("A company follows this template. Give it another one first.")
        )
    _note("template_removed", template, by)
    db.session.delete(template)


def save(template: TreeTemplate, nodes: Nodes, version: int, *, by: Person) -> None:
    """Raises Refused when it is not of that version any more."""
    changed = db.session.execute(
        update(TreeTemplate)
        .where(TreeTemplate.id == template.id, TreeTemplate.version == version)
        .values(content=written(nodes), version=version + 1, updated_at=utc_now())
        .returning(TreeTemplate.id)
    ).one_or_none()
    if changed is None:
        raise Refused(
            _(
                "Somebody else has just changed this template. Here it is as it is "
                "now: do it again if it is still needed."
            ),
            "version",
        )
    db.session.refresh(template)
    _note("template_changed", template, by)


def _in_turn(firm_id: uuid.UUID) -> None:
    """Two of a firm who name or choose a template do it one after the other."""
    lock_company(firm_id, exclusive=True)


def _checked_name(typed: str, but: TreeTemplate | None = None) -> str:
    name = one_line(typed)
    if not name:
        raise Refused(_("Give the template a name."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("The name is too long: 100 letters at most."), "name")
    taken = select(TreeTemplate.id).where(
        func.lower(TreeTemplate.name) == name.lower(),
        TreeTemplate.id != (but.id if but else uuid.UUID(int=0)),
    )
    if db.session.scalar(taken.limit(1)):
        raise Refused(_("Another template is called so."), "name")
    return name


def _note(verb: str, template: TreeTemplate, by: Person) -> None:
    record(
        verb,
        firm_id=template.firm_id,
        actor_id=by.id,
        firm_only=True,
        template=template.name,
        version=template.version,
    )


def by_id(typed: str) -> TreeTemplate | None:
    """None where none is named. Raises Refused when it is not one of the firm."""
    if not typed:
        return None
    known = {str(template.id): template for template in everything()}
    if typed not in known:
        raise Refused(
            _("This template is no longer there. Choose another one."), "template"
        )
    return known[typed]
