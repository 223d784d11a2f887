"""The host's end of the link: requests that are repeated until their own, undamaged reply has come."""

import secrets
import time
from dataclasses import dataclass

from tileloom.fpga.protocol import (
    PAYLOAD_BYTES,
    REPLY,
    REPLY_HEADER,
    FrameError,
    Operation,
    Reply,
    Request,
    parse_reply,
    reply_size,
)
from tileloom.fpga.serial_line import LineError, SerialLine

SMALLEST_PART = 16
"""Bytes of a transfer's part on a very noisy line."""
FIRST_WAIT_SECONDS = 0.5
LEAST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 4.0
WAIT_FACTOR = 6.0
"""A reply is waited for this many times longer than replies of its size took lately."""
CALM_PARTS = 4
"""After so many undamaged parts in a row the next ones are larger."""


@dataclass
class LineCounts:
    """What has happened on the line."""

    requests: int = 0
    repeats: int = 0
    damaged: int = 0
    """Replies that were dropped: damaged, or of another request."""


class HostConnection:
    """Memory and registers of a board, one request at a time.

    A transfer is cut into parts: 256 bytes on a quiet line, fewer while it is noisy. The patience adapts to the line:
    a simulated board is slower than a real one.

    Parameters
    ----------
    patience_seconds : a request that is not answered for so long, with all its repeats, ends in :class:`LineError`
    """

    def __init__(self, line: SerialLine, patience_seconds: float = 30.0) -> None:
        self.line = line
        self.patience_seconds = patience_seconds
        self.counts = LineCounts()
        self._sequence = secrets.randbelow(256)
        self._part = PAYLOAD_BYTES
        self._calm = 0
        self._failures = 0
        self._seconds_a_byte: float | None = None

    def ping(self) -> None:
        """One empty exchange."""
        self._ask(Operation.PING, 0)

    def read(self, address: int, length: int) -> bytes:
        """Memory bytes; address and length are multiples of 4."""
        parts = bytearray()
        while len(parts) < length:
            size = min(self._part, length - len(parts))
            parts += self._try(Operation.READ_MEMORY, address + len(parts), length=size) or b""
        return bytes(parts)

    def write(self, address: int, data: bytes) -> None:
        """Write memory; address and size are multiples of 4."""
        sent = 0
        while sent < len(data):
            part = data[sent : sent + self._part]
            if self._try(Operation.WRITE_MEMORY, address + sent, part) is not None:
                sent += len(part)

    def read_register(self, offset: int) -> int:
        """One register."""
        return int.from_bytes(self._ask(Operation.READ_REGISTER, offset, length=4), "little")

    def write_register(self, offset: int, value: int) -> None:
        """Write one register, exactly once."""
        self._ask(Operation.WRITE_REGISTER, offset, value.to_bytes(4, "little"))

    def _try(self, operation: Operation, address: int, payload: bytes = b"", length: int = 0) -> bytes | None:
        """As :meth:`_ask`, but a large part is sent once only: None asks for a smaller one."""
        if max(len(payload), length) <= SMALLEST_PART:
            return self._ask(operation, address, payload, length)
        return self._exchange(self._request(operation, address, payload, length))

    def _ask(self, operation: Operation, address: int, payload: bytes = b"", length: int = 0) -> bytes:
        """The payload of the reply to a request, which is repeated under its number until it is answered."""
        request = self._request(operation, address, payload, length)
        limit = time.monotonic() + self.patience_seconds
        while time.monotonic() < limit:
            reply = self._exchange(request)
            if reply is not None:
                return reply
        raise LineError(
            f"the board at {self.line.port} has not answered for {self.patience_seconds:g} s; "
            "check its power, its port, and that it holds a bitstream of tileloom"
        )

    def _request(self, operation: Operation, address: int, payload: bytes, length: int) -> Request:
        self._sequence = (self._sequence + 1) % 256
        self.counts.requests += 1
        return Request(operation, self._sequence, address, length, payload)

    def _exchange(self, request: Request) -> bytes | None:
        """Send a request once; the payload of its reply, or None where that does not come in time."""
        frame = request.to_bytes()
        size = len(frame) + len(Reply(request.operation, 0, bytes(request.length)).to_bytes())
        self.line.forget()
        start = time.monotonic()
        self.line.write(frame)
        reply = self._reply(request, start + self._wait(size))
        if reply is None:
            self.counts.repeats += 1
            self._calm = 0
            self._failures += 1
            self._part = max(SMALLEST_PART, self._part // 2)
            return None
        self._learn((time.monotonic() - start) / size)
        return reply.payload

    def _wait(self, size: int) -> float:
        if self._seconds_a_byte is None:
            return FIRST_WAIT_SECONDS
        usual = max(WAIT_FACTOR * size * self._seconds_a_byte, LEAST_WAIT_SECONDS)
        return min(usual * 1.2**self._failures, LONGEST_WAIT_SECONDS)

    def _learn(self, seconds_a_byte: float) -> None:
        """A running mean; one late reply, of a host busy elsewhere, counts a few times the mean at most."""
        known = self._seconds_a_byte or seconds_a_byte
        self._seconds_a_byte = 0.8 * known + 0.2 * min(seconds_a_byte, 4 * known)
        self._failures = 0
        self._calm += 1
        if self._calm >= CALM_PARTS:
            self._calm = 0
            self._part = min(PAYLOAD_BYTES, 2 * self._part)

    def _reply(self, request: Request, limit: float) -> Reply | None:
        """The reply to a request; None when it has not come whole in time."""
        data = bytearray()
        while True:
            reply = self._take(data, request)
            if reply is not None:
                return reply
            more = self.line.read(max(0.0, limit - time.monotonic()))
            if not more:
                return None
            data += more

    def _take(self, data: bytearray, request: Request) -> Reply | None:
        """The wanted reply among the bytes so far; whatever cannot become it is dropped from ``data``."""
        start = bytes([REPLY, request.operation, request.sequence]) + request.length.to_bytes(2, "little")
        while data:
            place = data.find(REPLY)
            del data[: place if place >= 0 else len(data)]
            if len(data) < 1 + REPLY_HEADER.size:
                return None
            if data[: len(start)] == start:
                size = reply_size(bytes(data))
                if len(data) < size:
                    return None
                try:
                    return parse_reply(bytes(data[:size]))
                except FrameError:
                    self.counts.damaged += 1
            del data[:1]
        return None
