"""The headers by which a provider gives our delivery's id back with each event: some
write the Message-ID anew, and then nothing else would lead there. Postmark leaves ours
when it is asked to, so that what the tool answers names it."""

import json


def headers(provider: str, delivery_id: str) -> tuple[str, ...]:
    """Whole header lines, the same at every attempt; none without a provider."""
    coded = {"delivery": delivery_id}
    known = {
        "postmark": (f"X-PM-Metadata-delivery: {delivery_id}", "X-PM-KeepID: true"),
        "mailgun": (f"X-Mailgun-Variables: {json.dumps(coded)}",),
        "sendgrid": (f"X-SMTPAPI: {json.dumps({'unique_args': coded})}",),
        "ses": (f"X-SES-MESSAGE-TAGS: delivery={delivery_id}",),
    }
    return known.get(provider, ())
