"""The operator's commands about deliveries."""

import uuid
from typing import IO

import click
from flask_babel import force_locale

from app.db import db
from app.delivery.sheet import sheet
from app.delivery.sheet_file import as_json, as_pdf
from app.library.models import Document


@click.command("proof")
@click.argument("document_id", type=click.UUID)
@click.option("--pdf", "paper", type=click.File("wb"), help="write it as a PDF there")
def proof_sheet(document_id: uuid.UUID, paper: IO[bytes] | None) -> None:
    """The proof sheet of DOCUMENT_ID, as JSON, or with --pdf as a PDF."""
    document = db.session.get(Document, document_id)
    if document is None:
        raise click.ClickException(f"no document {document_id}")
    with force_locale("fr"):
        shown = sheet(document)
        if paper is None:
            click.echo(as_json(shown), nl=False)
        else:
            paper.write(as_pdf(shown))
