"""The demonstration's mails: three to check and one that was filed, made by the same
acts as anybody's. All of it made up.
"""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import select

from app.collection import jobs, placing, settling
from app.collection.accepting import Envelope
from app.collection.finding import parts_of
from app.collection.models import InboundMail
from app.companies.models import Company
from app.db import db, new_id
from app.firms.models import Firm
from app.mailroom.entrance import take_in
from app.people.models import Person

File = tuple[str, str, bytes]  # name, media type, content
SUPPLIER = "Fournitures de l'Ouest <compta@fournitures-ouest.example>"
GREETING = """\
Bonjour,
Veuillez trouver ci-joint votre facture du mois ainsi que le bon de livraison signé.
Cordialement,
Le service comptabilité, Fournitures de l'Ouest
"""
REMINDER = "Dernier rappel avant poursuites. Ouvrez la pièce jointe.\n"


def demo_mails(pdf: Callable[[str], bytes], claire: Person, operator: Person) -> None:
    """`pdf` makes a paper of that name. Commits: they come as from outside."""
    dupont, martin = _company("dupont-maconnerie"), _company("boulangerie-martin")

    def papers(*names: str) -> list[File]:
        return [(f"{name}.pdf", "application/pdf", pdf(name)) for name in names]

    # Filed by a person: the supplier is known at another client's from then on.
    first = _come(
        SUPPLIER, "Avoir FO-20411", GREETING, _at(dupont, "ventes"), papers("Avoir")
    )
    if inbox := placing.inbox_of(dupont, first):
        numbers = [part.number for part in parts_of(first)]
        settling.classify(first, inbox, numbers, by=claire)
    bad = ("Facture.pdf.exe", "application/octet-stream", b"MZ of the demonstration")
    parcels = "Colis Express <facturation@colis-express.example>"
    to = _at(dupont, "compta")
    blocked = _come(parcels, "URGENT facture impayée", REMINDER, to, [bad])
    tickets = papers(*(f"Ticket chantier {number}" for number in range(1, 7)))
    paul = "Paul Dupont <paul.dupont44@boite.example>"
    to = _at(dupont, "achats").replace("maconnerie", "maconerie")
    misspelt = _come(paul, "Fwd: Fwd: tickets chantier", "Les tickets.\n", to, tickets)
    firm = db.session.get_one(Firm, dupont.firm_id)
    settling.hand_over(misspelt, firm, by=operator)
    last = _come(
        SUPPLIER,
        "Votre facture FO-20877",
        GREETING,
        _at(martin, "a-classer"),
        papers("Facture FO-20877", "BL 5531 signé"),
    )
    last.verdict = "pass"  # as if its domain had signed it: no DNS knows that one
    for mail, hours in ((first, 90), (blocked, 30), (misspelt, 12), (last, 1)):
        mail.received_at -= timedelta(hours=hours, minutes=hours)
    db.session.commit()


def _come(
    sender: str, subject: str, text: str, to: str, files: list[File]
) -> InboundMail:
    """Sent, taken in and read."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{new_id()}@demo.example>"
    message.set_content(text)
    for name, media_type, content in files:
        kind, _slash, sub = media_type.partition("/")
        message.add_attachment(content, maintype=kind, subtype=sub, filename=name)
    envelope = Envelope("command", sender.partition("<")[2].rstrip(">"))
    (taken,) = take_in(message.as_bytes(), envelope, [to])
    jobs.read_waiting()
    return db.session.get_one(InboundMail, taken.mail_id, populate_existing=True)


def _at(company: Company, prefix: str) -> str:
    return f"{prefix}+{company.slug}@{company.mail_domain}"


def _company(slug: str) -> Company:
    return db.session.scalars(select(Company).where(Company.slug == slug)).one()
