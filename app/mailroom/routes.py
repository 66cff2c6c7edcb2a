"""The bots' mailbox: its list, one mail, its original."""

import uuid

from flask import (
    Blueprint,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.db import db
from app.library.receiving import store
from app.library.sending_out import as_attachment, flowing
from app.mailroom import page as pages
from app.mailroom.finding import mail_or_404
from app.mailroom.reading_counts import mark_read
from app.policy import open_to

blueprint = Blueprint("mailroom", __name__)


@blueprint.get("/apps/mail")
@open_to("firm")
def index() -> ResponseReturnValue:
    box = pages.box(pages.filters_from(request.args))
    return render_template("mailroom/index.html", box=box, nav_current="apps")


@blueprint.get("/apps/mail/<uuid:mail_id>")
@open_to("firm")
def show(mail_id: uuid.UUID) -> ResponseReturnValue:
    shown = pages.shown(mail_or_404(mail_id))
    return render_template("mailroom/show.html", shown=shown, nav_current="apps")


@blueprint.post("/apps/mail/<uuid:mail_id>/read")
@open_to("firm")
def read(mail_id: uuid.UUID) -> ResponseReturnValue:
    mail = mail_or_404(mail_id)
    mark_read(mail, by=current_user)
    db.session.commit()
    if htmx.is_fragment():
        return render_template("mailroom/_read.html", shown=pages.shown(mail))
    return redirect(url_for("mailroom.show", mail_id=mail_id), 303)


@blueprint.get("/apps/mail/<uuid:mail_id>/original")
@open_to("firm")
def original(mail_id: uuid.UUID) -> ResponseReturnValue:
    """The message as it came: a file to keep, never a page of ours."""
    mail = mail_or_404(mail_id)
    db.session.commit()
    blob = store().open(mail.storage_key)
    return as_attachment(flowing(blob, "message/rfc822", mail.size), f"{mail.id}.eml")
