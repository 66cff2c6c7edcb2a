"""The search from the command line."""

import json

import click
from flask.cli import AppGroup

from app.search.catching_up import catch_up, rebuild as index_anew

search = AppGroup("search", help="What documents are found by.")


@search.command("rebuild")
@click.option("--no-texts", is_flag=True, help="leave unread files to the worker")
def rebuild(no_texts: bool) -> None:
    """Index every document anew, and read the files whose text is not known."""
    indexed = index_anew()
    if not no_texts:
        catch_up(seconds=float("inf"))
    click.echo(json.dumps({"indexed": indexed}))
