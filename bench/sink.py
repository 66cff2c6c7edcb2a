"""An SMTP server that takes every mail and forgets it. Run as a process of its own:

python -m bench.sink PORT [--delay MILLISECONDS] [--keep FILE] [--dead ADDRESS]

Each answer is held back by the delay; the newest body is left in the file; a recipient
that is dead is never answered.
"""

import argparse
import asyncio
from functools import partial
from pathlib import Path

END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    def __init__(self, delay: float, keep: Path | None, dead: str) -> None:
        self.delay = delay
        self.keep = keep
        self.dead = f"<{dead}>".encode() if dead else None
        self.coming = bytearray()
        self.in_body = False
        self.looked_at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self.transport = transport
        self.answer(b"220 sink.test ESMTP")

    def answer(self, text: bytes) -> None:
        if not self.delay:
            self.transport.write(text + b"\r\n")
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self.delay, self.transport.write, text + b"\r\n")

    def data_received(self, data: bytes) -> None:
        self.coming += data
        while self.take_body() if self.in_body else self.take_line():
            pass

    def take_body(self) -> bool:
        """Only what just came is searched for the end."""
        at = self.coming.find(END, max(0, self.looked_at - len(END)))
        if at < 0:
            self.looked_at = len(self.coming)
            return False
        if self.keep:
            self.keep.write_bytes(self.coming[: at + 2])
            self.keep = None
        del self.coming[: at + len(END)]
        self.in_body = False
        self.answer(b"250 2.0.0 Ok: queued as SINK")
        return True

    def take_line(self) -> bool:
        line, found, rest = self.coming.partition(b"\r\n")
        if not found:
            return False
        self.coming = rest
        verb = bytes(line[:4]).upper()
        if verb == b"EHLO":
            self.answer(
                b"250-sink.test\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n"
                b"250-ENHANCEDSTATUSCODES\r\n250 PIPELINING"
            )
        elif verb == b"DATA":
            self.in_body, self.looked_at = True, 0
            self.answer(b"354 End data with <CR><LF>.<CR><LF>")
        elif verb == b"RCPT" and self.dead and self.dead in line:
            return True
        elif verb == b"QUIT":
            self.answer(b"221 2.0.0 Bye")
        else:
            self.answer(b"250 2.1.0 Ok")
        return True


async def serve(port: int, delay: float, keep: Path | None, dead: str) -> None:
    loop = asyncio.get_running_loop()
    made = partial(Session, delay, keep, dead)
    server = await loop.create_server(made, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("port", type=int)
    reader.add_argument("--delay", type=float, default=0)
    reader.add_argument("--keep", type=Path)
    reader.add_argument("--dead", default="")
    given = reader.parse_args()
    asyncio.run(serve(given.port, given.delay / 1000, given.keep, given.dead))


if __name__ == "__main__":
    main()
