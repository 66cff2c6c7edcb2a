"""A company that is connected and switched on, and a mail server that can fail."""

from tests.delivery.conftest import at_the_last_moment, house, mail_goes_to

__all__ = ["at_the_last_moment", "house", "mail_goes_to"]
