"""Amazon SES, through an SNS topic.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html

MAIL_WEBHOOK_KEY is the topic's ARN: what another topic says is not for us.
"""

from typing import Any

from app.delivery.correlating import Keys
from app.delivery.providers import sns
from app.delivery.providers.event import (
    Headers,
    ProviderEvent,
    identity,
    joined,
    message_id,
    read_json,
    rows,
    table,
    text,
    written,
)

_KINDS = {
    "Delivery": "delivered",
    "Bounce": "bounced",
    "Reject": "bounced",
    "DeliveryDelay": "delayed",
    "Complaint": "complained",
}
ANSWER = ("Transient", "General")
_CONFIRMATION = "SubscriptionConfirmation"


def is_genuine(body: bytes, _headers: Headers, key: str) -> bool:
    told = read_json(body)
    return isinstance(told, dict) and sns.is_signed(told, key)


def events(body: bytes | str, _headers: Headers) -> list[ProviderEvent]:
    envelope = read_json(body)
    if not isinstance(envelope, dict):
        return []
    event_id = identity(envelope.get("MessageId"))
    if not event_id:
        return []
    if envelope.get("Type") == _CONFIRMATION:
        url = sns.subscribe_url(envelope)
        return [ProviderEvent(event_id, "subscribe", written(envelope), text=url)]
    inside = envelope.get("Message")
    told = read_json(inside) if isinstance(inside, str) else None
    told = told if isinstance(told, dict) else {}
    kind = text(told.get("eventType") or told.get("notificationType"), 40)
    return [
        ProviderEvent(
            event_id=event_id,
            kind="other" if _is_an_answer(told) else _KINDS.get(kind, "other"),
            raw=written(envelope),
            keys=_keys(told),
            recipient=_recipient(told),
            text=_said(told),
        )
    ]


def _is_an_answer(told: dict[str, Any]) -> bool:
    """«Received, thank you» and «absent until…» come to the return address too (RFC
    3834), which is Amazon's: it calls them bounces, passing ones that nothing is said
    of. Of a real one, passing or not, there is what a server said."""
    bounce = table(told, "bounce")
    if (bounce.get("bounceType"), bounce.get("bounceSubType")) != ANSWER:
        return False
    said = ("action", "status", "diagnosticCode")
    found = rows(bounce.get("bouncedRecipients"))
    return not any(row.get(name) for row in found for name in said)


def _keys(told: dict[str, Any]) -> Keys:
    mail = table(told, "mail")
    headers = {
        text(header.get("name"), 60).lower(): header.get("value")
        for header in rows(mail.get("headers"))
    }
    tags = table(mail, "tags").get("delivery")
    ours = (
        message_id(headers.get("message-id")),
        message_id(table(mail, "commonHeaders").get("messageId")),
    )
    tagged = tags[0] if isinstance(tags, list) and tags else ""
    return Keys(
        provider_id=text(mail.get("messageId"), 255),
        verp=text(mail.get("source"), 254),
        message_ids=tuple(dict.fromkeys(filter(None, ours))),
        delivery_id=text(tagged or headers.get("x-delivery-id"), 60),
    )


def _recipients(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *rows(table(told, "bounce").get("bouncedRecipients")),
        *rows(table(told, "deliveryDelay").get("delayedRecipients")),
        *rows(table(told, "complaint").get("complainedRecipients")),
    ]


def _recipient(told: dict[str, Any]) -> str:
    """Whom we sent it to, and one only. The others name whom a report speaks of: where
    the tool hands its mail on, that is an address behind it."""
    for found in (_destination(told), table(told, "delivery").get("recipients")):
        if isinstance(found, list) and found:
            return text(found[0], 254)
    for row in _recipients(told):
        return text(row.get("emailAddress"), 254)
    return ""


def _destination(told: dict[str, Any]) -> Any:
    return table(told, "mail").get("destination")


def _said(told: dict[str, Any]) -> str:
    for row in _recipients(told):
        if said := joined(row.get("status"), row.get("diagnosticCode")):
            return said
    bounce = table(told, "bounce")
    return joined(
        table(told, "delivery").get("smtpResponse"),
        *(bounce.get("bounceType"), bounce.get("bounceSubType")),
        *(
            table(told, "reject").get("reason"),
            table(told, "deliveryDelay").get("delayType"),
        ),
        table(told, "complaint").get("complaintFeedbackType"),
    )
