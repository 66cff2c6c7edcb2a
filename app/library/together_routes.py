"""Acts on many documents at once: `act`, `id`… and, to move them, `folder`.

`here` is the folder of the list that they were chosen in, to come back to.
"""

import uuid

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.finding import company_and_role
from app.db import db, id_from
from app.errors import Refused
from app.library.acted import in_list, is_looking_at_a_list
from app.library.answering import Undo, form_of
from app.library.choosing import choices
from app.library.finding import Place, chosen_folder, place_or_404
from app.library.models import Folder
from app.library.together import MOST, Hands, Outcome, act_on_all, undo_all
from app.library.tree import sight_of
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("together", __name__)

ACTS = ("move", "trash")
OF_THE_FIRM = ("validate",)


@blueprint.post("/companies/<slug>/documents/acts")
@open_to("signed_in")
def create(slug: str) -> ResponseReturnValue:
    company, role = company_and_role(slug)
    hands = Hands(current_user, company, sight_of(role, company))
    here, act = _here(slug), request.form.get("act", "")
    if act == "undo":
        outcome = undo_all(_id(request.form.get("together")), hands)
        db.session.commit()
        return _answer(hands, here, act, outcome, _undone(len(outcome.done)))
    if act not in (ACTS + OF_THE_FIRM if hands.sight.firm_side else ACTS):
        raise Refused(_("Choose what to do with these documents."))
    ids = [_id(given) for given in request.form.getlist("id")]
    if act == "move" and ("folder" not in request.form or not ids):
        return _choose(hands, here, ids)
    to = None
    try:
        to = _target(hands, here) if act == "move" else None
        outcome = act_on_all(ids, act, hands, to)
    except Refused as refusal:
        db.session.rollback()
        if act != "move":
            raise
        return _choose(hands, here, ids, refusal)
    db.session.commit()
    return _answer(hands, here, act, outcome, _done(act, len(outcome.done), to))


def _id(given: str | None) -> uuid.UUID:
    return id_from(given) or uuid.UUID(int=0)  # of nothing


def _here(slug: str) -> Place | None:
    given = request.form.get("here")
    return place_or_404(slug, _id(given)) if given else None


def _back(hands: Hands, here: Place | None) -> str:
    return here.url if here else url_for("library.root", slug=hands.company.slug)


def _target(hands: Hands, here: Place | None) -> Folder:
    place = here or Place(hands.company, [], hands.sight)
    return chosen_folder(place, request.form["folder"], "folder")


def _choose(
    hands: Hands, here: Place | None, ids: list[uuid.UUID], error: Refused | None = None
) -> ResponseReturnValue:
    if not 0 < len(ids) <= MOST:
        raise error or Refused(_("Choose at least one document."))
    return form_of(
        "library/together_move.html",
        error,
        company=hands.company,
        ids=ids,
        here=here.folder.id if here else None,
        back_url=_back(hands, here),
        choices=choices(
            hands.company,
            hands.sight,
            here=here.folder.id if here else None,
            but_here=True,
        ),
        chosen=request.form.get("folder"),
    )


def _answer(
    hands: Hands, here: Place | None, act: str, outcome: Outcome, text: str
) -> ResponseReturnValue:
    undo: Undo = {}
    if outcome.done and act != "undo":
        undo = {
            "undo_url": url_for("together.create", slug=hands.company.slug),
            "act": "undo",
            "together": str(outcome.act_id),
            "here": str(here.folder.id) if here else "",
        }
    back = _back(hands, here)
    if not outcome.not_done and not outcome.missing:
        return in_list(back, text, outcome.done, undo, come=outcome.come)
    if is_looking_at_a_list():
        text = text if outcome.done else ""
        return in_list(
            back, text, outcome.done, undo, come=outcome.come, outcome=outcome
        )
    page = render_template(
        "library/together_done.html",
        company=hands.company,
        outcome=outcome,
        text=text if outcome.done else "",
        undo=undo,
        back_url=back,
        nav_current="documents",
    )
    return page, 200 if outcome.done else 422


def _done(act: str, number: int, to: Folder | None) -> str:
    if act == "validate":
        return ngettext(
            "%(num)d document is validated.",
            "%(num)d documents are validated.",
            number,
        )
    if act == "trash":
        return ngettext(
            "%(num)d document is in the trash, for 30 days.",
            "%(num)d documents are in the trash, for 30 days.",
            number,
        )
    return ngettext(
        "%(num)d document is moved to “%(folder)s”.",
        "%(num)d documents are moved to “%(folder)s”.",
        number,
        folder=to.name if to else "",
    )


def _undone(number: int) -> str:
    return ngettext(
        "Undone for %(num)d document.", "Undone for %(num)d documents.", number
    )
