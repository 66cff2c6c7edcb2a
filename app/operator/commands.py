"""The operator's commands about the house itself."""

import json
from dataclasses import asdict

import click

from app.operator.sweeping import sweep


@click.command("sweep")
@click.option("--dry-run", is_flag=True, help="count, and delete nothing")
def sweep_store(dry_run: bool) -> None:
    """Delete stored files that no row refers to, a day old or more."""
    click.echo(json.dumps(asdict(sweep(dry_run=dry_run))))
