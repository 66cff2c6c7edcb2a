"""Is it alive, and can it work?"""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.delivery.clock import seconds_since_last_run
from app.mailroom.watched import watched
from app.policy import open_to

blueprint = Blueprint("operator", __name__)


@blueprint.get("/healthz")
@open_to("everyone")
def healthz() -> ResponseReturnValue:
    return {"alive": True}


@blueprint.get("/readyz")
@open_to("everyone")
def readyz() -> ResponseReturnValue:
    """The age of the last run is for whoever watches: it says that a worker lives."""
    try:
        age, mailbox = seconds_since_last_run(), watched()
    except SQLAlchemyError:
        return {"ready": False, "database": False}, 503
    told: dict[str, object] = {"ready": True, "database": True}
    told["last_tick_seconds"] = age
    if mailbox:
        told["mailbox"] = mailbox.is_well
    return told
