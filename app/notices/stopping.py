"""The address by which a person stops a kind of mail, without signing in."""

import uuid

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from app.firms.hosts import url_of
from app.firms.models import Firm


def stop_url(firm: Firm, person_id: uuid.UUID, company_id: uuid.UUID) -> str:
    """It tells who stops what, and cannot be guessed; it does not expire."""
    token = _signer().dumps([person_id.hex, company_id.hex])
    return f"{url_of(firm)}/notices/stop?for={token}"


def read_token(token: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Person and company, or None when the token is not ours."""
    try:
        person, company = _signer().loads(token)
        return uuid.UUID(person), uuid.UUID(company)
    except (BadSignature, ValueError, TypeError):
        return None


def mention_stop_url(firm: Firm, person_id: uuid.UUID) -> str:
    """The same for the mails about mentions, of every company."""
    token = _signer("mentions").dumps(person_id.hex)
    return f"{url_of(firm)}/notices/stop-mentions?for={token}"


def read_mention_token(token: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(_signer("mentions").loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _signer(kind: str = "stop") -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"notices.{kind}")
