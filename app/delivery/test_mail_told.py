"""What is told of a test e-mail after it left: by the mail provider, or by a bounce.

Acts; the caller commits. As for documents, a bounce is the later word.
"""

from sqlalchemy import update

from app.connectors.models import TestMail
from app.db import database_now, db

# The test's own refusal stands; what is told only comes after the server took it.
UNDER_WAY = ("asked", "sending", "accepted", "unanswered")


def bounced(test: TestMail, said: str) -> bool:
    """It came back. Again, or after a refusal, it changes nothing."""
    return _told(test, "bounced", said, (*UNDER_WAY, "delivered"))


def delivered(test: TestMail, said: str) -> bool:
    """The tool's server has it; that settles a doubt too."""
    return _told(test, "delivered", said, UNDER_WAY)


def _told(test: TestMail, state: str, said: str, expected: tuple[str, ...]) -> bool:
    changed = db.session.execute(
        update(TestMail)
        .where(TestMail.id == test.id, TestMail.state.in_(expected))
        .values(state=state, code=None, text=said[:1000], settled_at=database_now())
        .returning(TestMail.id)
        .execution_options(synchronize_session=False, across_firms=True)
    ).all()
    return bool(changed)
