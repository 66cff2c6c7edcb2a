"""A Dovecot of the test's own, on loopback: a real IMAP server."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from imaplib import IMAP4
from pathlib import Path
from urllib.parse import quote

import pytest

from _parts import free_ports
from tests.delivery.processes import wait_until

SERVER = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_imap = pytest.mark.skipif(not SERVER, reason="dovecot is absent: run bin/test")
OWN = "catchall@mail.guichet.test"
PASSWORD = "pa/ss:w@rd"

CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
disable_plaintext_auth = no
ssl = {ssl}
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
"""


class ImapServer:
    """`certificate`: the file of its key and certificate, where it speaks TLS."""

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        self.folder = folder
        self.port, self.tls_port = free_ports(2)
        # Dovecot's parts do not run as root.
        user = (
            pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        )
        for name in ("mail", "home", "state"):
            (folder / name).mkdir()
        (folder / "server.pem").write_bytes(
            certificate.read_bytes() if certificate else b""
        )
        (folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                user=user.pw_name,
                group=grp.getgrgid(user.pw_gid).gr_name,
                ssl="yes" if certificate else "no",
                password=PASSWORD,
                port=self.port,
                tls_port=self.tls_port if certificate else 0,
            )
        )
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        self.start()

    def start(self) -> None:
        words = [str(SERVER), "-F", "-c", str(self.folder / "dovecot.conf")]
        self.process = subprocess.Popen(words)  # noqa: S603 - the tests' own server
        wait_until(self.is_there)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()

    def is_there(self) -> bool:
        try:
            with self.line():
                return True
        except (OSError, IMAP4.error):
            return False

    def url(
        self, folder: str = "INBOX", scheme: str = "imap", password: str = PASSWORD
    ) -> str:
        who = f"{quote(OWN, safe='')}:{quote(password, safe='')}"
        port = self.tls_port if scheme == "imaps" else self.port
        return f"{scheme}://{who}@127.0.0.1:{port}/{folder}"

    @contextmanager
    def line(self) -> Iterator[IMAP4]:
        with IMAP4("127.0.0.1", self.port, timeout=20) as line:
            line.login(OWN, PASSWORD)
            yield line

    def deliver(self, raw: bytes, to: str = "", folder: str = "INBOX") -> None:
        """As the mail server in front of it does, which says for whom it came."""
        head = f"Delivered-To: {OWN}\r\nX-Original-To: {to}\r\n" if to else ""
        with self.line() as line:
            said, why = line.append(folder, "", "", head.encode() + raw)
        assert said == "OK", why


@contextmanager
def imap_server(certificate: Path | None = None) -> Iterator[ImapServer]:
    # Not pytest's folder: the path of a socket has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="guichet-imap-"))
    server = ImapServer(folder, certificate)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder)
