"""The one way to a template: through the firm. A stranger gets 404."""

import uuid

from flask import abort
from flask_login import current_user
from sqlalchemy import select

from app.companies.models import TreeTemplate
from app.db import db


def template_or_404(template_id: uuid.UUID) -> TreeTemplate:
    found = db.session.scalar(
        select(TreeTemplate).where(
            TreeTemplate.id == template_id,
            TreeTemplate.firm_id == current_user.firm_id,
        )
    )
    return found or abort(404)
