"""What fails on our side is told in the reader's language; a server's words stay."""

import pytest
from flask import Flask

from app.db import db
from app.delivery.models import Attempt
from app.delivery.ours import in_words
from app.delivery.sheet import sheet
from app.delivery.sheet_rows import blocks
from tests.cast import House, signed_in
from tests.delivery.world import change, delivery_of, document_of

OURS = {
    "TimeoutError: timed out": "le serveur de messagerie n’a pas répondu à temps",
    "SMTPServerDisconnected: Connection unexpectedly closed": "la ligne a été coupée",
    "ConnectionResetError: [Errno 104] Connection reset": "la ligne a été coupée",
    "the line was cut again and again": "la ligne a été coupée",
    "gaierror: [Errno -2] Name or service not known": "n’a pas pu être joint",
    "SSLCertVerificationError: self-signed": "certificat",
    "OSError: [Errno 113] No route to host": "a échoué",
    "20000000 bytes, the server takes 10000000": "le serveur accepte",
}


@pytest.mark.parametrize("said", OURS)
def test_no_name_of_an_error_is_shown(app: Flask, house: House, said: str) -> None:
    done = house.drop()
    change(done, state="failed", reason="expired", last_text=said)
    delivery = delivery_of(done)
    tried = Attempt(firm_id=delivery.firm_id, delivery_id=delivery.id, token=1)
    tried.owner, tried.phase, tried.text = "w", "body", said
    db.session.add(tried)
    db.session.commit()
    ada = signed_in(app, house.admin)
    shown = [
        ada.get(f"/deliveries/{delivery.id}").text,
        ada.get(f"/documents/{done.document.id}").text,
        ada.get("/deliveries").text,
        ada.get("/deliveries.csv").text,
    ]
    shown.append(str(list(blocks(sheet(document_of(done))))))
    for text in shown:
        assert said not in text
    words = OURS[said]
    assert words in shown[0].replace("\xa0", " ")


@pytest.mark.parametrize(
    "said", ["Error: too many hops", "4.7.1 Try again later", "Exception: no", "", "x:"]
)
def test_what_a_server_said_stays_as_it_is(said: str) -> None:
    assert in_words(said) == said
