"""A board in Python behind a pseudo-terminal: the protocol's other end with memory, registers and a damaged line."""

import os
import pty
import random
import select
import threading
import tty
from collections.abc import Callable

from tileloom.fpga.protocol import CRC, HEADER, PAYLOAD_BYTES, REQUEST, FrameError, Operation, Reply, Request
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import FORMAT_VERSION
from tileloom.hw.spec.registers import OFFSET, Error

Machine = Callable[[bytearray], Error]


class FakeBoard:
    """Answers on ``port`` until closed; ``machine`` runs, on the memory, when CONTROL is written.

    Parameters
    ----------
    damage : share of bytes, in both directions, that are flipped, lost or doubled
    mute : answers nothing
    """

    def __init__(
        self, target: Target, size: int, machine: Machine, damage: float = 0.0, seed: int = 0, mute: bool = False
    ) -> None:
        self.memory, self.machine, self.damage, self.mute = bytearray(size), machine, damage, mute
        self.registers = dict.fromkeys(OFFSET.values(), 0)
        self.registers[OFFSET["VERSION"]] = FORMAT_VERSION
        self.registers[OFFSET["HASH_LOW"]] = target.hash & 0xFFFF_FFFF
        self.registers[OFFSET["HASH_HIGH"]] = target.hash >> 32
        self.register_writes: list[tuple[int, int]] = []
        self._random = random.Random(seed)
        self._last_write = -1
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The board is unplugged."""
        self._stop.set()
        self._thread.join()
        for file in (self._master, self._slave):
            if file >= 0:
                os.close(file)
        self._master = self._slave = -1

    def __enter__(self) -> "FakeBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        data = b""
        while not self._stop.is_set():
            if not select.select([self._master], [], [], 0.005)[0]:
                data = b""  # silence: an unfinished request is dropped
                continue
            data += self._noisy(os.read(self._master, 4096))
            while (found := _request(data)) is not None:
                request, data = found
                if request is not None and not self.mute:
                    os.write(self._master, self._noisy(self._answer(request).to_bytes()))

    def _noisy(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            kind = self._random.randrange(3) if self._random.random() < self.damage else 3
            out += {0: bytes([byte ^ 1 << self._random.randrange(8)]), 1: b"", 2: bytes([byte, byte])}.get(
                kind, bytes([byte])
            )
        return bytes(out)

    def _answer(self, request: Request) -> Reply:
        operation, place = request.operation, request.address
        payload = b""
        if operation is Operation.WRITE_MEMORY:
            self.memory[place : place + len(request.payload)] = request.payload
        elif operation is Operation.READ_MEMORY:
            payload = bytes(self.memory[place : place + request.length])
        elif operation is Operation.READ_REGISTER:
            payload = self.registers[place].to_bytes(4, "little")
        elif operation is Operation.WRITE_REGISTER and request.sequence != self._last_write:
            self._last_write = request.sequence
            self._write_register(place, int.from_bytes(request.payload, "little"))
        return Reply(operation, request.sequence, payload)

    def _write_register(self, place: int, value: int) -> None:
        self.register_writes.append((place, value))
        if place != OFFSET["CONTROL"]:
            self.registers[place] = value
            return
        empty = not self.registers[OFFSET["PROGRAM_BYTES"]]
        error = Error.PROGRAM_END if empty else self.machine(self.memory)
        self.registers[OFFSET["STATUS"]] = 2 if error is Error.NONE else 4 | error << 8
        self.registers[OFFSET["CYCLES"]] += 7


def _request(data: bytes) -> tuple[Request | None, bytes] | None:
    """The first request in ``data`` (None: damaged bytes, dropped) and what follows; None where more must come."""
    place = data.find(bytes([REQUEST]))
    if place < 0:
        return None if not data else (None, b"")
    if place:
        return None, data[place:]
    if len(data) < 1 + HEADER.size:
        return None
    operation, sequence, length, address = HEADER.unpack_from(data, 1)
    if operation > Operation.READ_REGISTER or length > PAYLOAD_BYTES or (length | address) % 4:
        return None, data[1:]
    writes = operation in (Operation.WRITE_MEMORY, Operation.WRITE_REGISTER)
    end = 1 + HEADER.size + (length if writes else 0)
    if len(data) < end + CRC.size:
        return None
    payload = data[1 + HEADER.size : end]
    try:
        request = Request(Operation(operation), sequence, address, 0 if writes else length, payload)
        whole = request.to_bytes() == data[: end + CRC.size]
    except FrameError:
        whole = False
    return (request, data[end + CRC.size :]) if whole else (None, data[1:])
