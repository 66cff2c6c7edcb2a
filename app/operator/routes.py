"""Is it alive, and can it work?"""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.policy import open_to

blueprint = Blueprint("operator", __name__)


@blueprint.get("/healthz")
@open_to("everyone")
def healthz() -> ResponseReturnValue:
    return {"alive": True}


@blueprint.get("/readyz")
@open_to("everyone")
def readyz() -> ResponseReturnValue:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return {"ready": False, "database": False}, 503
    return {"ready": True, "database": True}
