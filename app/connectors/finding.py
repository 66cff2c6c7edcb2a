"""An application of the firm, a connection of the company: or 404."""

from flask import abort
from sqlalchemy import select

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.connectors.connecting import connection_of
from app.connectors.models import Connection, FirmApp
from app.db import db, id_from


def connection_or_404(company: Company, which: str) -> Connection:
    """By its id, or by the key of its application."""
    connection = connection_of(company, which)
    if connection is None:
        given = id_from(which)
        connection = db.session.get(Connection, given) if given else None
    if connection is None or connection.company_id != company.id:
        abort(404)
    return connection


def app_or_404(key: str) -> PartnerApp:
    """Among those of the firm."""
    app = apps.find(key)
    adopted = app and db.session.scalar(
        select(FirmApp.id).where(FirmApp.app_key == key)
    )
    if app is None or adopted is None:
        abort(404)
    return app
