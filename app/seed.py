"""The demonstration world: two firms, three companies, documents in every state.

Made through the product's own acts; run again it changes nothing.
"""

from datetime import date, timedelta

from sqlalchemy import select, update

from app.activity.models import Entry
from app.collection.seeding import demo_mails
from app.companies.models import Company
from app.companies.opening import open_company, open_fiscal_year
from app.connectors import catalogue, connecting, switches
from app.db import db, utc_now
from app.delivery.seeding import as_if_sent, in_doubt, in_trouble, since_then, tell
from app.firms.models import Firm
from app.library.deposit import Deposited, deposit
from app.library.models import Folder
from app.library.receiving import receive
from app.library.tree import by_path, plant, plant_year
from app.people.models import Membership, Person
from app.people.passwords import hash_password

PASSWORD = "demo-guichet-2026"  # noqa: S105 - printed by bin/demo for everybody


def demo() -> None:
    if db.session.scalar(select(Firm.id).where(Firm.slug == "durand")):
        return
    operator = _person(None, "operateur@guichet.example", "Opérateur", "operator")
    claire = _durand()
    _lefevre()
    db.session.commit()
    demo_mails(lambda text: _paper(text, "Dupont Maçonnerie"), claire, operator)


def _durand() -> Person:
    firm = _firm("durand", "Durand & Associés", "#14533f", "couleur")
    firm.may_adopt_apps = True
    firm.tagline = "Experts-comptables à Nantes depuis 1984."
    claire = _person(firm, "claire@durand.example", "Claire Durand", "firm_admin")
    hugo = _person(firm, "hugo@durand.example", "Hugo Lambert", "staff")
    dupont = _company(firm, "Dupont Maçonnerie", siren="732829320")
    martin = _company(firm, "Boulangerie Martin", siren="443061841")
    paul = _person(firm, "paul@dupont-maconnerie.example", "Paul Dupont", "client")
    lea = _person(firm, "lea@dupont-maconnerie.example", "Léa Dupont", "client")
    sophie = _person(
        firm, "sophie@boulangerie-martin.example", "Sophie Martin", "client"
    )
    for person, company, role in (
        (hugo, dupont, "staff"),
        (paul, dupont, "company_manager"),
        (lea, dupont, "company_user"),
        (sophie, martin, "company_manager"),
    ):
        _join(person, company, role)
    _fill_dupont(dupont, claire, paul, lea)
    _deposit(_at(martin, "À classer"), sophie, "Ticket farine T65.pdf", "Moulin 42,10")
    return claire


def _fill_dupont(dupont: Company, claire: Person, paul: Person, lea: Person) -> None:
    year = f"Dossier comptable annuel/Exercice {_today().year}"
    purchases = _at(dupont, f"{year}/Achats")
    month = next(f for f in _below(purchases) if f.position == _today().month - 1)
    # There before the switch: these stay «Reçu», they never leave by themselves.
    _deposit(month, paul, "Assurance décennale MAAF.pdf", "Assurance décennale", days=9)
    _deposit(month, claire, "Factur-X Cemex 2026-1184.pdf", "Cemex 1 184,00", days=8)
    quickbooks = catalogue.get("quickbooks")
    connecting.adopt(dupont.firm_id, quickbooks, by=claire)
    connection = connecting.authorise(dupont, quickbooks, by=claire)
    connecting.set_destination(
        connection, "purchases", "dupont-maconnerie@qbodocs.example", by=claire
    )
    switches.set_switch(purchases, connection, "purchases", "on", by=claire)
    # The oldest first, as they would have come.
    big = _deposit(month, paul, "Plans du chantier.pdf", "Plans du chantier", days=7)
    since_then(big, "failed", 554, "5.6.0 Message refused (démonstration)")
    back = _deposit(month, paul, "Facture Kiloutou.pdf", "Kiloutou 240,00", days=6)
    as_if_sent(back, connection.bot_address, "dupont-maconnerie@qbodocs.example")
    since_then(back, "bounced", 550, "5.2.2 Mailbox full (démonstration)")
    taken = _deposit(month, lea, "Facture Veolia.pdf", "Veolia 61,30", days=5)
    as_if_sent(taken, connection.bot_address, "dupont-maconnerie@qbodocs.example")
    since_then(taken, "delivered", 250, "2.1.5 Delivered (démonstration)")
    in_doubt(_deposit(month, paul, "Ticket péage A71.pdf", "Péage 12,40", days=4))
    blurred = _deposit(month, paul, "Ticket BigMat.pdf", "BigMat 27,15", days=3)
    blurred.document.status = "rejected"
    blurred.document.rejected_reason = "Le montant est illisible, à photographier."
    for delivery in blurred.deliveries:
        delivery.state, delivery.reason = "cancelled", "by_user"
        delivery.settled_at = utc_now()
    sent = _deposit(month, paul, "Facture Orange Pro.pdf", "Orange 89,90", days=2)
    as_if_sent(sent, connection.bot_address, "dupont-maconnerie@qbodocs.example")
    in_trouble(
        _deposit(month, paul, "Facture Loxam 5520187.pdf", "Loxam 312,48", days=1)
    )
    _deposit(month, paul, "Facture Point P 88412.pdf", "Point P 96,00")
    _deposit(month, paul, "Inventaire chantier.csv", "réf;quantité\nC12;40\n", raw=True)
    _deposit(month, lea, "Facture EDF.pdf", "EDF 184,20")
    checked = _deposit(
        _at(dupont, f"{year}/Ventes"), lea, "Devis n°3 – été.pdf", "Devis n° 3"
    )
    checked.document.status = "validated"
    checked.document.validated_at = utc_now()
    checked.document.validated_by_id = claire.id
    tell(checked, "validated", utc_now(), claire)
    _deposit(
        _at(dupont, "À classer"), paul, "Scan du courrier.pdf", "Courrier de la banque"
    )
    _deposit(_at(dupont, "Cabinet"), claire, "Note de révision.pdf", "Note de révision")


def _lefevre() -> None:
    firm = _firm("lefevre", "Lefèvre Expertise", "#4b3fc4", "claire")
    firm.brand_accent = "#f0883a"
    firm.tagline = "Expertise comptable et conseil à Rennes."
    _person(firm, "nadia@lefevre.example", "Nadia Lefèvre", "firm_admin")
    garage = _company(firm, "Garage Roux", siren="552100554")
    karim = _person(firm, "karim@garage-roux.example", "Karim Roux", "client")
    _join(karim, garage, "company_manager")
    _deposit(_at(garage, "À classer"), karim, "Facture pneus.pdf", "Pneus 412,00")


def _firm(slug: str, name: str, colour: str, topbar: str) -> Firm:
    firm = Firm(slug=slug, name=name, brand_colour=colour, topbar=topbar)
    db.session.add(firm)
    db.session.flush()
    return firm


def _person(firm: Firm | None, email: str, name: str, role: str) -> Person:
    person = Person(
        firm_id=firm.id if firm else None,
        email=email,
        name=name,
        role=role,
        password_hash=hash_password(PASSWORD),
    )
    db.session.add(person)
    db.session.flush()
    return person


def _join(person: Person, company: Company, role: str) -> None:
    db.session.add(
        Membership(
            firm_id=company.firm_id,
            person_id=person.id,
            company_id=company.id,
            role=role,
        )
    )


def _company(firm: Firm, name: str, siren: str) -> Company:
    company = open_company(firm, name, siren=siren)
    plant(company)
    this = _today().year
    for year in (this - 1, this):
        plant_year(
            company,
            open_fiscal_year(company, date(year, 1, 1), date(year, 12, 31)),
        )
    return company


def _at(company: Company, path: str) -> Folder:
    folder = by_path(company, path)
    if folder is None:
        raise LookupError(path)
    return folder


def _below(folder: Folder) -> list[Folder]:
    return list(
        db.session.scalars(
            select(Folder)
            .where(Folder.parent_id == folder.id)
            .order_by(Folder.position)
        )
    )


def _deposit(
    into: Folder,
    by: Person,
    name: str,
    text: str,
    *,
    days: int = 0,
    raw: bool = False,
) -> Deposited:
    to = db.session.get_one(Company, into.company_id).name
    content = text.encode() if raw else _paper(text, to, days)
    channel = "firm" if by.is_firm_side else "web"
    done = deposit(receive([content], name), into=into, by=by, channel=channel)
    _date_back(done, timedelta(days=days, minutes=len(name)))
    return done


def _date_back(done: Deposited, by: timedelta) -> None:
    """The deposit and its line in the trail, as if they were of that time."""
    done.document.arrived_at -= by
    db.session.flush()
    db.session.execute(
        update(Entry)
        .where(Entry.document_id == done.document.id)
        .values(at=done.document.arrived_at)
    )


def _paper(text: str, to: str, days: int = 0) -> bytes:
    from app.library.seeding import paper  # 20 MB that no other process needs

    return paper(text, to, _today() - timedelta(days=days))


def _today() -> date:
    return utc_now().date()
