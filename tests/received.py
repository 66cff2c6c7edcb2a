"""A message as the tests' mail server took it."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property


@dataclass(frozen=True)
class Received:
    """A message that the server answers for."""

    sender: str
    recipient: str
    options: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""

    @property
    def page(self) -> str:
        body = self.message.get_body(("html",))
        return str(body.get_content()) if body else ""

    @property
    def file(self) -> EmailMessage:
        (attachment,) = self.message.iter_attachments()
        return attachment

    @property
    def file_name(self) -> str:
        return self.file.get_filename() or ""

    @property
    def content(self) -> bytes:
        payload = self.file.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload
