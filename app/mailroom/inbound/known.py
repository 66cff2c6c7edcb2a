"""The providers that bring mail, by the name in the address that they are given."""

from collections.abc import Callable
from dataclasses import dataclass

from app.mailroom.inbound import mailgun, postmark, sendgrid
from app.mailroom.inbound.brought import Brought, Headers


@dataclass(frozen=True)
class Provider:
    # By the headers alone, before the body is read: whether to listen at all.
    may_knock: Callable[[Headers, str], bool]
    # Raises Forged or Unreadable.
    read: Callable[[bytes, Headers, str], Brought]


PROVIDERS = {
    "postmark": Provider(postmark.may_knock, postmark.read),
    "mailgun": Provider(mailgun.may_knock, mailgun.read),
    "sendgrid": Provider(sendgrid.may_knock, sendgrid.read),
}
