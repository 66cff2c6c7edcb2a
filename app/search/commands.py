"""The search from the command line."""

import json

import click
from flask.cli import AppGroup

from app.search import ocr as recognising
from app.search.catching_up import ask_for_scans, catch_up, rebuild as index_anew

search = AppGroup("search", help="What documents are found by.")


@search.command("rebuild")
@click.option("--no-texts", is_flag=True, help="leave unread files to the worker")
def rebuild(no_texts: bool) -> None:
    """Index every document anew, and read the files whose text is not known."""
    indexed = index_anew()
    if not no_texts:
        catch_up(seconds=float("inf"))
    click.echo(json.dumps({"indexed": indexed}))


@search.command("ocr")
def ocr() -> None:
    """Have the worker recognise text in every scan and picture without any."""
    if not recognising.is_on():
        raise click.ClickException("OCR is not true: nobody would do it")
    click.echo(json.dumps({"asked": ask_for_scans()}))
