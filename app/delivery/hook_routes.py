"""Where the mail provider tells what became of our messages; only at the platform."""

import logging

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from app.db import db
from app.delivery import events
from app.delivery.providers.known import PROVIDERS
from app.extensions import limiter
from app.policy import open_to

log = logging.getLogger(__name__)
blueprint = Blueprint("hooks", __name__)


def _was_forged(answer: Response) -> bool:
    return answer.status_code == 401


@blueprint.post("/hooks/mail/<provider>")
@open_to("machines")
@limiter.limit("6000 per minute")
@limiter.limit("60 per minute", deduct_when=_was_forged)
def mail(provider: str) -> ResponseReturnValue:
    """200 once it is kept: a fault in applying it is ours, not the provider's."""
    if not provider or provider != current_app.config["MAIL_PROVIDER"]:
        abort(404)
    body, headers = request.get_data(), dict(request.headers)
    key = current_app.config["MAIL_WEBHOOK_KEY"]
    if not PROVIDERS[provider].is_genuine(body, headers, key):
        return _forged(provider)
    try:
        kept = events.keep(provider, body, headers)
    except events.Replayed:
        db.session.rollback()
        return _forged(provider)
    db.session.commit()
    events.apply_each(kept)
    return {"kept": len(kept)}


def _forged(provider: str) -> ResponseReturnValue:
    log.warning("forged mail event for %s from %s", provider, request.remote_addr)
    return {"kept": 0}, 401
