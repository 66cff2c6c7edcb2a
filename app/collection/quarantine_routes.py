"""The mails to check, for the people of the firm: the list, one mail, what is done."""

import uuid
from functools import cache
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.collection import (
    finding,
    finishing,
    placing,
    previewing,
    quarantine,
    sender_list,
    settling,
)
from app.collection.accepted import pattern_for
from app.collection.being_late import answer_too_late
from app.collection.finding import mail_or_404
from app.collection.models import InboundMail, InboundPart
from app.collection.settling import Classified, TooLate
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.db import db, id_from
from app.errors import Refused
from app.library.finding import place_or_404
from app.library.models import Folder
from app.library.receiving import store
from app.library.sending_out import as_attachment, flowing
from app.policy import open_to
from app.texts import gettext as _, ngettext
from app.typed import whole

blueprint = Blueprint("quarantine", __name__)
blueprint.register_error_handler(TooLate, answer_too_late)


@blueprint.get("/quarantine")
@open_to("firm")
def index() -> ResponseReturnValue:
    """The list, with its first mail beside it."""
    box = quarantine.box(request.args.get("show", ""))
    first = box.rows[0].mail if box.rows else None
    return _page(box, first, is_chosen=False)


@blueprint.get("/quarantine/<uuid:inbound_id>")
@open_to("firm")
def show(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    if htmx.is_fragment():
        return render_template("collection/_mail.html", **_opened(mail))
    state = mail.state if mail.state == "discarded" else "quarantined"
    return _page(quarantine.box(state), mail, is_chosen=True)


@blueprint.get("/quarantine/<uuid:inbound_id>/original")
@open_to("firm")
def original(inbound_id: uuid.UUID) -> ResponseReturnValue:
    """The message as it came: a file to keep, never a page of ours."""
    mail = mail_or_404(inbound_id)
    if mail.storage_key is None:
        abort(404)
    db.session.commit()
    blob = store().open(mail.storage_key)
    return as_attachment(flowing(blob, "message/rfc822", mail.size), f"{mail.id}.eml")


@blueprint.get("/quarantine/<uuid:inbound_id>/parts/<int:number>")
@open_to("firm")
def preview(inbound_id: uuid.UUID, number: int) -> ResponseReturnValue:
    mail, part = _part_or_404(inbound_id, number)
    if not htmx.is_fragment():
        return redirect(url_for(".show", inbound_id=mail.id, view=number))
    return render_template(
        "collection/_preview.html",
        part=part,
        mail=mail,
        preview=previewing.preview_of(mail, part),
    )


@blueprint.get("/quarantine/<uuid:inbound_id>/parts/<int:number>.webp")
@open_to("firm")
def picture(inbound_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """A page of it; the browser keeps it, and asks each time whether it still may."""
    mail, part = _part_or_404(inbound_id, number)
    page = whole(request.args.get("page", "1"), 0)
    name = f"{part.sha256}-{page}"
    if name in request.if_none_match:
        answer = make_response("", 304)
    else:
        made = previewing.picture_of(mail, part, page) if page > 0 else None
        answer = Response(made or abort(404), content_type="image/webp")
    answer.set_etag(name)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@blueprint.post("/quarantine/<uuid:inbound_id>/classify")
@open_to("firm")
def classify(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    if request.form.get("to") == "company":  # only to see its folders
        return _page(quarantine.box(), mail, is_chosen=True)
    try:
        _classify(mail)
    except Refused as refusal:
        db.session.rollback()
        return _page(quarantine.box(), mail, is_chosen=True, refusal=refusal)
    return _to_next(mail)


@blueprint.get("/quarantine/<uuid:inbound_id>/discard")
@open_to("firm")
def discard_confirm(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    opened = quarantine.opened(mail)
    name = "_discard" if htmx.is_fragment() else "discard"
    return render_template(
        f"collection/{name}.html", opened=opened, nav_current="quarantine"
    )


@blueprint.post("/quarantine/<uuid:inbound_id>/discard")
@open_to("firm")
def discard(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    if filed := finishing.close(mail, by=current_user):
        return _closed(mail, filed)
    settling.discard(mail, by=current_user)
    db.session.commit()
    back = {"undo_url": url_for(".bring_back", inbound_id=mail.id), "undo_fields": {}}
    flash({"text": _("Set aside."), **back}, "ok")  # type: ignore[arg-type]
    return _to_next(mail)


@blueprint.post("/quarantine/<uuid:inbound_id>/close")
@open_to("firm")
def close(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    return _closed(mail, finishing.close(mail, by=current_user))


@blueprint.post("/quarantine/<uuid:inbound_id>/back")
@open_to("firm")
def bring_back(inbound_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(inbound_id)
    settling.bring_back(mail, by=current_user)
    db.session.commit()
    flash(_("It is back among the mails to check."), "ok")
    return redirect(url_for(".show", inbound_id=mail.id), 303)


@blueprint.app_context_processor
def counted() -> dict[str, Any]:
    """How many mails wait, for whatever shows it: counted once for a page."""
    return {"mails_to_check": cache(lambda: finding.to_check(current_user))}


def _part_or_404(inbound_id: uuid.UUID, number: int) -> tuple[InboundMail, InboundPart]:
    mail = mail_or_404(inbound_id)
    part = next((p for p in finding.parts_of(mail) if p.number == number), None)
    if part is None or mail.storage_key is None:
        abort(404)
    db.session.commit()  # no transaction while it is taken out and drawn
    return mail, part


def _classify(mail: InboundMail) -> None:
    """As the form says. Commits."""
    company, folder = _chosen(mail)
    numbers = _numbers()
    pattern = pattern_for(mail) if "always" in request.form else ""
    is_sure = request.form.get("sure") == pattern

    def accept() -> None:
        if _is_new(company, pattern):
            sender_list.accept(company, pattern, by=current_user, is_sure=is_sure)

    if _is_new(company, pattern):  # what speaks against it is said before any filing
        sender_list.check(company, pattern, is_sure=is_sure)
    done = settling.classify(mail, folder, numbers, by=current_user, and_then=accept)
    flash(_done(done, folder), "ok")
    for part in done.refused:
        flash(f"{part.name} – {part.reason}", "bad")


def _is_new(company: Company, pattern: str) -> bool:
    known = {sender.pattern for sender in sender_list.of(company)}
    return bool(pattern) and pattern not in known


def _chosen(mail: InboundMail) -> tuple[Company, Folder]:
    """404 where the person may not see it. Raises Refused."""
    slug = request.form.get("company", "")
    if not slug:
        raise Refused(_("Choose a company."), "company")
    company = company_or_404(slug)
    if request.form.get("to") != "inbox":
        wanted = id_from(request.form.get("folder"))
        if wanted is None:
            raise Refused(_("Choose a folder."), "folder")
        return company, place_or_404(slug, wanted).folder
    folder = placing.inbox_of(company, mail)
    if folder is None:
        raise Refused(_("This company has no folder to sort: choose one."), "folder")
    return company, folder


def _numbers() -> set[int]:
    """Of the parts that were chosen."""
    return {whole(n, -1) for n in request.values.getlist("part")} - {-1}


def _done(done: Classified, folder: Folder) -> str:
    return ngettext(
        "%(num)d document filed in %(folder)s.",
        "%(num)d documents filed in %(folder)s.",
        done.filed,
        folder=folder.name,
    )


def _closed(mail: InboundMail, filed: int) -> ResponseReturnValue:
    """Commits."""
    db.session.commit()
    if filed:
        text = ngettext(
            "Settled: %(num)d document of this mail is filed.",
            "Settled: %(num)d documents of this mail are filed.",
            filed,
        )
        flash(text, "ok")
    return _to_next(mail)


def _to_next(mail: InboundMail) -> ResponseReturnValue:
    following = quarantine.next_to(mail, quarantine.box().rows)
    if following is None:
        return redirect(url_for(".index"), 303)
    return redirect(url_for(".show", inbound_id=following.id), 303)


def _page(
    box: quarantine.Box,
    mail: InboundMail | None,
    *,
    is_chosen: bool,
    refusal: Refused | None = None,
) -> ResponseReturnValue:
    """`is_chosen`: on a phone the mail is the page, else the list is."""
    page = render_template(
        "collection/quarantine.html",
        box=box,
        is_chosen=is_chosen,
        refusal=refusal,
        nav_current="quarantine",
        **(_opened(mail) if mail else {"opened": None}),
    )
    return page, refusal.status if refusal else 200


def _opened(mail: InboundMail) -> dict[str, Any]:
    """With what was typed: a company, a folder, the parts; and the part to look at."""
    typed, opened = request.values, quarantine.opened(mail)
    is_typed = "company" in typed
    shown = _shown_part(opened, typed.get("view", ""))
    choosing = placing.choosing(
        mail,
        opened.nearest,
        slug=typed.get("company", ""),
        folder=typed.get("folder", ""),
    )
    return {
        "opened": opened,
        "choosing": choosing,
        "chosen": _numbers() if is_typed else {part.number for part in opened.held},
        "always": "always" in typed if is_typed else opened.is_offered,
        "part": shown,
        # Without script it stands in the page; with it, it is asked for.
        "preview": _preview(mail, shown) if shown and "view" in typed else None,
    }


def _preview(mail: InboundMail, part: InboundPart) -> previewing.Preview | None:
    if htmx.is_fragment():
        return None
    db.session.commit()  # no transaction while it is taken out and drawn
    return previewing.preview_of(mail, part)


def _shown_part(opened: quarantine.Opened, number: str) -> InboundPart | None:
    """The one that is asked for, else the first one that may be filed."""
    if opened.mail.storage_key is None:
        return None
    asked = (part for part in opened.parts if str(part.number) == number)
    return next(asked, next(iter(opened.held or opened.filed), None))
