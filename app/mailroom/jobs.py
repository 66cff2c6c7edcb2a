"""What is looked after every minute, and at each run of the automaton."""

from app.collection.jobs import read_waiting
from app.mailroom import watching


def look() -> None:
    """Take what came to the watched mailbox; read what waits."""
    watching.poll()
    read_waiting()
