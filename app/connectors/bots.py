"""The addresses that send for a company, and receive what the tools answer.

One per company, or one per firm where the tool knows only one (`bot_owner`).
"""

import re
import uuid
from collections.abc import Callable

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.companies.models import Company
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Bot, FirmApp
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.texts import gettext as _

SEPARATORS = ("+", ".", "-")


def address_of(company: Company, app: PartnerApp, separator: str) -> str:
    """`quickbooks+dupont-maconnerie@…`, or `myunisoft+durand@…` for a whole firm."""
    return writing_of(company.firm_id, app, separator)(company)


def writing_of(
    firm_id: uuid.UUID, app: PartnerApp, separator: str | None = None
) -> Callable[[Company], str]:
    """How the application's bots are written, for any number of the firm's companies:
    the firm is read once. With its own separator when none is given."""
    firm = db.session.get_one(Firm, firm_id)
    sign = separator or separator_of(firm_id, app)
    return lambda company: _written(firm, company, app, sign)


def _written(firm: Firm, company: Company, app: PartnerApp, separator: str) -> str:
    is_firms = app.bot_owner == "firm"
    slug = firm.slug if is_firms else company.slug
    domain = company.mail_domain
    if is_firms:
        domain = firm.mail_domain or current_app.config["MAIL_DOMAIN"]
    if app.bot_is_plain:
        slug = re.sub(r"[^a-z0-9]", "", slug)
    return f"{app.bot_prefix}{separator}{slug}@{domain}".lower()


def separator_of(firm_id: uuid.UUID, app: PartnerApp) -> str:
    """The firm's choice for this tool, else the platform's."""
    chosen = db.session.scalar(
        select(FirmApp.separator).where(
            FirmApp.firm_id == firm_id, FirmApp.app_key == app.key
        )
    )
    return chosen or str(current_app.config["ADDRESS_SEPARATOR"])


def own(company: Company, app: PartnerApp) -> Bot:
    """The company's bot for the application (or the firm's), made when there is none.

    Raises Refused when another company or firm has that very address.
    """
    address = address_of(company, app, separator_of(company.firm_id, app))
    bot = at(address) or _made(_bot(company, app, address))
    if not _belongs(bot, company, app):
        raise Refused(_("The address %(address)s is taken.", address=address))
    return bot


def own_all(companies: list[Company], app: PartnerApp) -> dict[uuid.UUID, Bot]:
    """The bots of many companies of a firm, by one look, under the companies' locks;
    not flushed. A company whose address is taken has none."""
    if not companies:
        return {}
    if app.bot_owner == "firm":
        bot = own(companies[0], app)
        return {company.id: bot for company in companies}
    written = writing_of(companies[0].firm_id, app)
    addresses = {company.id: written(company) for company in companies}
    found = db.session.scalars(
        select(Bot)
        .where(Bot.address.in_(addresses.values()))
        .execution_options(across_firms=True)
    )
    known = {bot.address: bot for bot in found}
    for company in companies:
        if addresses[company.id] not in known:
            made = _bot(company, app, addresses[company.id])
            db.session.add(made)
            known[made.address] = made
    bots = {company.id: known[addresses[company.id]] for company in companies}
    return {c.id: bots[c.id] for c in companies if _belongs(bots[c.id], c, app)}


def _bot(company: Company, app: PartnerApp, address: str) -> Bot:
    company_id = None if app.bot_owner == "firm" else company.id
    return Bot(
        firm_id=company.firm_id, address=address, app_key=app.key, company_id=company_id
    )


def _belongs(bot: Bot, company: Company, app: PartnerApp) -> bool:
    owner = None if app.bot_owner == "firm" else company.id
    wanted = (company.firm_id, app.key, owner)
    return (bot.firm_id, bot.app_key, bot.company_id) == wanted


def _made(bot: Bot) -> Bot:
    """The bot, or the one that another transaction made meanwhile."""
    try:
        with db.session.begin_nested():
            db.session.add(bot)
    except IntegrityError:
        return at(bot.address) or bot
    return bot


def at(address: str) -> Bot | None:
    """The bot of that address, of whatever firm: mail is led by its envelope."""
    return db.session.scalar(
        select(Bot)
        .where(Bot.address == address.lower())
        .execution_options(across_firms=True)
    )
