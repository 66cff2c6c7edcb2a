"""Where a tool is at home on the net, as far as the catalogue and the firm know."""

from sqlalchemy import select

from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection, Destination
from app.db import db


def tool_domains(app: PartnerApp | None, connection: Connection | None) -> set[str]:
    """The usual domains of the tool, and those that the company's documents go to."""
    domains = {slot.usual_domain for slot in app.slots} if app else set()
    if connection:
        addresses = db.session.scalars(
            select(Destination.address)
            .where(Destination.connection_id == connection.id)
            .execution_options(across_firms=True)
        )
        domains |= {address.rpartition("@")[2] for address in addresses}
    return domains - {""}
