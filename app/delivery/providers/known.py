"""The providers that there are, by the name that MAIL_PROVIDER gives."""

from collections.abc import Callable
from dataclasses import dataclass

from app.delivery.providers import mailgun, postmark, sendgrid, ses
from app.delivery.providers.event import Headers, ProviderEvent


def _no_token(_body: bytes) -> str:
    return ""


@dataclass(frozen=True)
class Provider:
    is_genuine: Callable[[bytes, Headers, str], bool]
    events: Callable[[bytes | str, Headers], list[ProviderEvent]]
    # What may be used for one request only, where the body itself is not signed.
    token: Callable[[bytes], str] = _no_token


PROVIDERS = {
    "postmark": Provider(postmark.is_genuine, postmark.events),
    "mailgun": Provider(mailgun.is_genuine, mailgun.events, mailgun.token_of),
    "sendgrid": Provider(sendgrid.is_genuine, sendgrid.events),
    "ses": Provider(ses.is_genuine, ses.events),
}
