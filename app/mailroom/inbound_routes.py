"""Where a mail provider brings what it took for us; only at the platform.

200 is said to what is kept, 401 to what is forged; on any doubt 503, at which each of
them comes again. Never what ends its tries (403 at Postmark, 406 at Mailgun, 4xx at
SendGrid).
"""

import logging
from threading import BoundedSemaphore

from flask import Blueprint, Response, abort, current_app, make_response, request
from flask.typing import ResponseReturnValue

from app.db import db
from app.extensions import limiter
from app.mailroom.inbound import taking
from app.mailroom.inbound.brought import Forged
from app.mailroom.inbound.known import PROVIDERS, Provider
from app.policy import open_to

log = logging.getLogger(__name__)
blueprint = Blueprint("inbound", __name__)
# A body is held in memory, and what is read of it too: so many at once in a process.
AT_ONCE = BoundedSemaphore(2)
# An encoded body beside its message: three bytes for one in the worst of forms.
MOST_TIMES = 3
PATIENCE = 60  # seconds after which to come again


def _was_forged(answer: Response) -> bool:
    return answer.status_code == 401


def _later(*_limit: object) -> Response:
    answer = make_response({"kept": 0}, 503)
    answer.headers["Retry-After"] = str(PATIENCE)
    return answer


@blueprint.post("/inbound/<provider>")
@blueprint.post("/inbound/<provider>/mime", endpoint="mime")
@open_to("machines")
@limiter.limit("600 per minute", on_breach=_later)
@limiter.limit("60 per minute", deduct_when=_was_forged)
def mail(provider: str) -> ResponseReturnValue:
    """Mailgun brings the raw message to an address that ends in «mime» only."""
    secret = current_app.config["INBOUND_WEBHOOK_SECRET"]
    one = PROVIDERS.get(provider)
    if not secret or one is None:
        abort(404)
    if not one.may_knock(dict(request.headers), secret):
        return _forged(provider)
    if not AT_ONCE.acquire(blocking=False):
        return _later()
    try:
        return {"kept": _take(provider, one, secret)}
    except Forged:
        db.session.rollback()
        return _forged(provider)
    except Exception:
        db.session.rollback()
        log.exception("mail by %s could not be kept", provider)
        return _later()
    finally:
        AT_ONCE.release()


def _take(provider: str, one: Provider, secret: str) -> int:
    """How many mails are new."""
    most = current_app.config["MAX_MAIL_MB"] * 1_000_000
    request.max_content_length = MOST_TIMES * most
    body = request.get_data(cache=False)
    brought = one.read(body, dict(request.headers), secret)
    del body  # the message stands in it once more
    taken = taking.take(provider, brought)
    for mail in taken:
        log.info("mail %s by %s, kind %s", mail.mail_id, provider, mail.kind)
    return sum(mail.is_new for mail in taken)


def _forged(provider: str) -> ResponseReturnValue:
    log.warning("forged mail for %s from %s", provider, request.remote_addr)
    return {"kept": 0}, 401
