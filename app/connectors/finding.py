"""A connection of the company, or 404."""

import uuid

from flask import abort

from app.companies.models import Company
from app.connectors.connecting import connection_of
from app.connectors.models import Connection
from app.db import db


def connection_or_404(company: Company, which: str) -> Connection:
    """By its id, or by the key of its application."""
    connection = connection_of(company, which)
    if connection is None:
        try:
            connection = db.session.get(Connection, uuid.UUID(which))
        except ValueError:
            connection = None
    if connection is None or connection.company_id != company.id:
        abort(404)
    return connection
