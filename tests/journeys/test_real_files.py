"""Once more with files as the world makes them, where the collection is present: they
leave as they came, whatever is inside them."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.delivery.processes import ROOT
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitors import File

pytestmark = pytest.mark.journey

CORPUS = ROOT.parent / "shared/corpus"
BOT = "quickbooks+dupont-maconnerie@guichet.example"
MOST_BYTES = 2_000_000  # the limit of the house
UNREADABLE = "qpdf-bad-encryption-length.pdf"  # a person is asked first


def real(folder: str, ending: str, most: int) -> list[File]:
    found = sorted((CORPUS / folder).glob(f"*{ending}"))
    kept = [path for path in found if 0 < path.stat().st_size <= MOST_BYTES]
    return [_file(path) for path in kept[:most]]


def _file(path: Path) -> File:
    kind = "application/pdf" if path.suffix == ".pdf" else "text/xml"
    return File(path.name, path.read_bytes(), kind)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not there")
def test_real_pdfs_leave_byte_for_byte_what_no_tool_can_read_stays(
    visit: Visit, house: House
) -> None:
    found = real("pdf", ".pdf", 5) + real("einvoice", ".pdf", 3)
    pdfs = [file for file in found if file.name != UNREADABLE]
    stays = [file for file in found if file.name == UNREADABLE]
    stays += real("einvoice", ".xml", 1)
    assert len(stays) == 2
    lea, claire = visit("lea"), visit("claire")
    lea.open_purchases("dupont-maconnerie")
    claire.open_purchases("dupont-maconnerie")

    lea.drop(*pdfs, *stays)
    for file in [*pdfs, *stays]:
        expect(lea.status(file.name)).to_be_visible(timeout=20_000)
    claire.page.get_by_role("button", name="Envoyer maintenant").click()

    for file in pdfs:
        status = lea.status(file.name)
        expect(status).to_have_attribute("data-status", "validated", timeout=75_000)
    for file in stays:
        expect(lea.status(file.name)).to_have_attribute("data-status", "received")
        expect(claire.status(file.name)).to_have_attribute("data-status", "held")
    sent = {message.file_name: message.content for message in house.sent_by(BOT)}
    assert {file.name: sent.get(file.name) for file in pdfs} == {
        file.name: file.content for file in pdfs
    }
    assert sent.keys().isdisjoint(file.name for file in stays)
