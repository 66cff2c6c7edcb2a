"""One line to the door, in SMTP or LMTP (RFC 2033), and what is cut off of it."""

import asyncio
import re
from typing import Any, Protocol

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, syntax

MOST_CONNECTIONS = 20
MOST_LINES = 1_000_000  # of one message: 40 MB in base64 have half of it
TOO_BIG = "552 5.3.4 Too big: at most {most} bytes"


class Counted(Protocol):
    """What all lines share."""

    connections: int
    most_bytes: int


class Connection(SMTP):
    """One connection; those beyond the most there may be are sent away."""

    # Mails with lines too long are common, and their loss would be ours.
    line_length_limit = 1_000_000
    is_counted = False
    received_for: Envelope | None = None
    bytes_received = lines_received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        door: Counted = self.event_handler
        if door.connections >= MOST_CONNECTIONS and isinstance(
            transport, asyncio.Transport
        ):
            transport.write(b"421 4.7.0 Too many connections, try again\r\n")
            transport.close()
        else:
            door.connections += 1
            self.is_counted = True
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """aiosmtpd keeps every line apart, and one without an end for ever: what goes
        far beyond any message is cut off."""
        if self.received_for is not self.envelope:
            self.received_for = self.envelope
            self.bytes_received = self.lines_received = 0
        self._reset_timeout()  # one message may take longer than a command may
        self.bytes_received += len(data)
        self.lines_received += data.count(b"\n")
        most = 2 * self.event_handler.most_bytes + self.line_length_limit
        is_too_much = self.bytes_received > most or self.lines_received > MOST_LINES
        if is_too_much and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        else:
            super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self.is_counted:
            self.event_handler.connections -= 1
            self.is_counted = False
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        """aiosmtpd says of itself what is too big, and not how big it may be."""
        text = status if isinstance(status, str) else status.decode()
        too_big = TOO_BIG.format(most=self.event_handler.most_bytes)
        await super().push(
            re.sub(r"^552 Error[^\r\n]*", too_big, text, flags=re.MULTILINE)
        )

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd calls it so
        """aiosmtpd counts the dots that are doubled on the way, which are none of the
        message (RFC 1870, 3): there is room for them, and the door counts again."""
        advertised: int = self.event_handler.most_bytes
        self.data_size_limit = advertised + advertised // 2
        try:
            await super().smtp_DATA(arg)
        finally:
            self.data_size_limit = advertised


class LmtpConnection(Connection, LMTP):
    """Each recipient that was accepted has an answer of its own after the dot."""

    owed = 0

    async def push(self, status: Any) -> None:
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("354"):
            self.owed = len(self.envelope.rcpt_tos if self.envelope else ())
        elif self.owed:
            if "\r\n" not in text:  # one for all of them
                text = "\r\n".join([text] * self.owed)
            self.owed = 0
        await super().push(text)
