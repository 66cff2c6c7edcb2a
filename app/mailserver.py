"""The line to the mail server, made so that it cannot hang and cannot be overheard.

Flask-Mail gives the settings and the connection, and this what it lacks: a deadline
for every command and for every whole reply, and TLS whose certificate is checked.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from flask import current_app
from flask_mail import Connection as MailConnection

READ = 4096


class ReplyLines:
    """What smtplib reads replies from. One that drips byte by byte ends in time too."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.until = 0.0
        self.unread = b""

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self.unread and len(self.unread) < limit:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the reply did not come in time")
            self.sock.settimeout(left)
            got = self.sock.recv(READ)
            if not got:
                break
            self.unread += got
        end = self.unread.find(b"\n") + 1 or len(self.unread)
        line, self.unread = self.unread[: min(end, limit)], self.unread[end:]
        return line

    def close(self) -> None:
        """The socket belongs to smtplib."""


class Patient:
    """For smtplib's classes: every reply has `patience` seconds from its request."""

    sock: socket.socket | None
    file: Any

    def __init__(self, *args: Any, patience: float, **kwargs: Any) -> None:
        self.patience = patience
        super().__init__(*args, timeout=patience, **kwargs)  # type: ignore[call-arg]

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = ReplyLines(self.sock)
        if self.file is not None:
            self.file.until = time.monotonic() + self.patience
        try:
            reply: tuple[int, bytes] = super().getreply()  # type: ignore[misc]
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.patience)
        return reply


class Plain(Patient, smtplib.SMTP):
    pass


class Encrypted(Patient, smtplib.SMTP_SSL):
    pass


class Server(MailConnection):
    """Flask-Mail's connection; `configure_host` gives a session that was greeted."""

    def configure_host(self) -> smtplib.SMTP:
        """Raises smtplib's exceptions and OSError; nothing is left open then."""
        host = self._connect()
        try:
            if self.mail.use_tls:
                code, text = host.starttls(context=ssl.create_default_context())
                if code != 220:
                    raise smtplib.SMTPResponseException(code, text)
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
            else:
                host.ehlo_or_helo_if_needed()
        except BaseException:
            host.close()
            raise
        return host

    def _connect(self) -> smtplib.SMTP:
        patience = float(current_app.config["MAIL_TIMEOUT"])
        # Named, for smtplib would ask the network for this machine's name.
        options: dict[str, Any] = {"local_hostname": current_app.config["MAIL_DOMAIN"]}
        make: Callable[..., smtplib.SMTP] = Plain
        if self.mail.use_ssl:
            make, options["context"] = Encrypted, ssl.create_default_context()
        host = make(self.mail.server, self.mail.port, patience=patience, **options)
        if host.sock is not None:
            # A message leaves in several writes: none is to wait for the last one's
            # acknowledgement.
            host.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return host
