"""The mail domains that are ours: the platform's, and those of the firms."""

import uuid

from flask import current_app
from sqlalchemy import select, union_all

from app.companies.models import Company
from app.db import db
from app.firms.models import Firm

EVERYWHERE = {"across_firms": True}


def is_ours(domain: str) -> bool:
    domain = domain.strip().lower()
    if domain == current_app.config["MAIL_DOMAIN"]:
        return True
    firms = select(Firm.id).where(Firm.mail_domain == domain)
    companies = select(Company.id).where(Company.mail_domain == domain)
    either = union_all(firms, companies).limit(1)
    return db.session.scalar(either, execution_options=EVERYWHERE) is not None


def firm_of(domain: str) -> uuid.UUID | None:
    """The one firm whose domain it is; None for the platform's, which many share."""
    domain = domain.strip().lower()
    if domain == current_app.config["MAIL_DOMAIN"]:
        return None
    firms = db.session.scalars(
        select(Firm.id).where(Firm.mail_domain == domain).limit(2)
    ).all()
    return firms[0] if len(firms) == 1 else None
