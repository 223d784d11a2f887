"""The frames between host and board, as bytes: written once for the host runtime and the gateware.

Request: ``0xA5, operation, sequence, length (2), address (4), payload, CRC (2)``; reply: ``0x5A, operation, sequence,
length (2), payload, CRC (2)``. Numbers are little-endian; the CRC is CRC-16/XMODEM of everything after the first byte.
Lengths and addresses are multiples of 4; a payload has at most :data:`PAYLOAD_BYTES`.

The board answers only whole frames with a right CRC; anything else it drops, and so it does with a frame in which no
byte arrives for :data:`SILENCE_BITS` bit times. The host asks one thing at a time and repeats a request that was not
answered. Repeating is harmless: a register write whose sequence number is that of the last one executed is
acknowledged, not executed again, and every other operation may be executed twice.
"""

import binascii
import struct
from dataclasses import dataclass
from enum import IntEnum

REQUEST = 0xA5
REPLY = 0x5A
PAYLOAD_BYTES = 256
SILENCE_BITS = 512
HEADER = struct.Struct("<BBHI")
REPLY_HEADER = struct.Struct("<BBH")
CRC = struct.Struct("<H")


class Operation(IntEnum):
    """What a request asks for."""

    PING = 0
    """Answered with an empty reply."""
    WRITE_MEMORY = 1
    READ_MEMORY = 2
    WRITE_REGISTER = 3
    """Length 4: one AXI4-Lite register."""
    READ_REGISTER = 4


class FrameError(ValueError):
    """Bytes that are not a whole, undamaged frame."""


@dataclass(frozen=True)
class Request:
    """A request; ``length`` is that of the payload, or of the data asked for."""

    operation: Operation
    sequence: int
    address: int = 0
    length: int = 0
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """The frame.

        >>> Request(Operation.PING, 7).to_bytes().hex()
        'a500070000000000004419'
        """
        length = len(self.payload) or self.length
        if length % 4 or self.address % 4 or not 0 <= length <= PAYLOAD_BYTES:
            raise FrameError(
                f"length (at most {PAYLOAD_BYTES}) and address must be multiples of 4, not {length}, {self.address}"
            )
        body = HEADER.pack(self.operation, self.sequence, length, self.address) + self.payload
        return bytes([REQUEST]) + body + CRC.pack(binascii.crc_hqx(body, 0))


@dataclass(frozen=True)
class Reply:
    """A reply."""

    operation: Operation
    sequence: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """The frame."""
        body = REPLY_HEADER.pack(self.operation, self.sequence, len(self.payload)) + self.payload
        return bytes([REPLY]) + body + CRC.pack(binascii.crc_hqx(body, 0))


def reply_size(prefix: bytes) -> int:
    """Bytes of the whole reply that starts with ``prefix`` (at least 5 bytes)."""
    length = REPLY_HEADER.unpack_from(prefix, 1)[2]
    return 1 + REPLY_HEADER.size + int(length) + CRC.size


def parse_reply(frame: bytes) -> Reply:
    """The reply in a whole frame; damage raises :class:`FrameError`.

    >>> parse_reply(Reply(Operation.PING, 3, bytes(4)).to_bytes()).payload
    b'\\x00\\x00\\x00\\x00'
    """
    least = 1 + REPLY_HEADER.size + CRC.size
    if len(frame) < least or frame[0] != REPLY or len(frame) != reply_size(frame):
        raise FrameError(f"reply of {len(frame)} bytes is not a frame")
    body, (checksum,) = frame[1 : -CRC.size], CRC.unpack(frame[-CRC.size :])
    if binascii.crc_hqx(body, 0) != checksum:
        raise FrameError("reply is damaged: its CRC differs")
    operation, sequence, _ = REPLY_HEADER.unpack_from(body)
    try:
        return Reply(Operation(operation), sequence, body[REPLY_HEADER.size :])
    except ValueError:
        raise FrameError(f"reply has an unknown operation {operation}") from None
