"""A line that can be bad: a TCP proxy before any server, on a loopback port.

What is done to the bytes is set for each direction, and may change at any moment.
"""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

Upstream = tuple[str, int] | str  # host and port, or the path of a socket
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 1 << 16


@dataclass
class Way:
    """One direction, of all lines together; counts are from the moment they are set."""

    delay: float = 0.0  # seconds, for each piece
    cut_after: int | None = None  # bytes, then the line is cut, once
    change_at: int | None = None  # the byte that comes out otherwise, once
    is_hole: bool = False  # swallows everything
    passed: int = 0

    async def through(self, piece: bytes) -> tuple[bytes, bool]:
        """What comes out, and whether the line goes on."""
        await asyncio.sleep(self.delay)
        if self.is_hole:
            return b"", True
        if self.change_at is not None and self.change_at < len(piece):
            at, self.change_at = self.change_at, None
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        elif self.change_at is not None:
            self.change_at -= len(piece)
        self.passed += len(piece)
        if self.cut_after is None:
            return piece, True
        if self.cut_after > len(piece):
            self.cut_after -= len(piece)
            return piece, True
        kept, self.cut_after = piece[: self.cut_after], None
        return kept, False


@dataclass
class Proxy:
    """`with` begins and ends it; `port` is known from the start."""

    upstream: Upstream
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    is_refusing: bool = False  # lines are closed as soon as they are opened
    lines: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # Never in the caller's thread: a browser of another test may keep a loop there.
        server = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(server, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        lines = asyncio.all_tasks() - {asyncio.current_task()}
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    def cut(self) -> None:
        """All lines that are open, now."""
        for writer in list(self._open):
            self._loop.call_soon_threadsafe(writer.transport.abort)

    def heal(self) -> None:
        """From now on a good line; those that were bad are cut."""
        self.up, self.down, self.is_refusing = Way(), Way(), False
        self.cut()

    def heal_in(self, seconds: float) -> None:
        threading.Timer(seconds, self.heal).start()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.lines += 1
        self._open.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            if not self.is_refusing:
                far, farther = await self._reach()
                ways = (
                    self._carry(reader, farther, "up"),
                    self._carry(far, writer, "down"),
                )
                await asyncio.gather(*ways)
        writer.transport.abort()
        self._open.discard(writer)

    async def _reach(self) -> Streams:
        if isinstance(self.upstream, str):
            return await asyncio.open_unix_connection(self.upstream)
        return await asyncio.open_connection(*self.upstream)

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: str
    ) -> None:
        """Until either end has enough; then both lines are cut."""
        goes_on = True
        with suppress(OSError):
            while goes_on and (piece := await source.read(CHUNK)):
                piece, goes_on = await getattr(self, way).through(piece)
                sink.write(piece)
                await sink.drain()
            if goes_on and sink.can_write_eof():
                sink.write_eof()
                return
        sink.transport.abort()  # whoever reads at its other end sees the end too
