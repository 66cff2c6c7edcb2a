"""What is looked after every minute, and at each run of the automaton."""

from app.collection.finishing import finish_cut_off
from app.collection.jobs import read_waiting
from app.mailroom import watching


def look() -> None:
    """Take what came to the watched mailbox; read what waits; settle what
    somebody was cut off from."""
    watching.poll()
    read_waiting()
    finish_cut_off()
