"""The host link against a model of its memory and registers: exact, and deaf to damage."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from tileloom.fpga.link import HostLink
from tileloom.fpga.protocol import PAYLOAD_BYTES, FrameError, Operation, Reply, Request, parse_reply, reply_size
from tileloom.fpga.uart import UartReceiver, UartTransmitter

DIVISOR = 4
Send = Callable[[bytes], Awaitable[None]]
Receive = Callable[[int], Awaitable[bytes]]
Script = Callable[[Send, Receive], Awaitable[None]]


class Board:
    """A simulated link with a memory of words and a register file; every register write is recorded."""

    def __init__(self) -> None:
        self.memory: dict[int, int] = {}
        self.register_writes: list[tuple[int, int]] = []


def run(script: Script, board: Board, seed: int = 0) -> None:
    """Run ``script(exchange, send)`` against the link over two UARTs."""
    random_ = random.Random(seed)
    m = Module()
    m.submodules.receive = receive = UartReceiver(DIVISOR)
    m.submodules.transmit = transmit = UartTransmitter(DIVISOR)
    m.submodules.link = link = HostLink(silence_cycles=200)
    m.submodules.host_transmit = host_transmit = UartTransmitter(DIVISOR)
    m.submodules.host_receive = host_receive = UartReceiver(DIVISOR)
    m.d.comb += [receive.line.eq(host_transmit.line), host_receive.line.eq(transmit.line)]
    connect(m, receive.o, link.i)
    connect(m, link.o, transmit.i)

    async def bus(ctx: Any) -> None:
        while True:
            await ctx.tick()
            if not ctx.get(link.bus.request):
                continue
            for _ in range(random_.randrange(4)):
                await ctx.tick()
            address, data = ctx.get(link.bus.address), ctx.get(link.bus.write_data)
            if ctx.get(link.bus.write):
                if ctx.get(link.bus.register):
                    board.register_writes.append((address, data))
                board.memory[address] = data
            ctx.set(link.bus.read_data, board.memory.get(address, 0))
            ctx.set(link.bus.done, 1)
            await ctx.tick()
            ctx.set(link.bus.done, 0)

    async def host(ctx: Any) -> None:
        async def send(data: bytes) -> None:
            for byte in data:
                ctx.set(host_transmit.i.payload, byte)
                ctx.set(host_transmit.i.valid, 1)
                while not ctx.get(host_transmit.i.ready):
                    await ctx.tick()
                await ctx.tick()
                ctx.set(host_transmit.i.valid, 0)

        async def receive_reply(patience: int) -> bytes:
            got = b""
            ctx.set(host_receive.o.ready, 1)
            while len(got) < 5 or len(got) < reply_size(got):
                waited = 0
                while not ctx.get(host_receive.o.valid):
                    await ctx.tick()
                    waited += 1
                    if waited > patience:
                        return got
                got += bytes([ctx.get(host_receive.o.payload)])
                await ctx.tick()
            return got

        await script(send, receive_reply)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bus, background=True)
    simulator.add_testbench(host)
    simulator.run()


def test_memory_and_registers_round_trip() -> None:
    """Random writes are read back, byte for byte, through the real line."""
    board, random_ = Board(), random.Random(1)

    async def script(send: Send, receive: Receive) -> None:
        for sequence in range(12):
            size = random_.choice((4, 8, 60, PAYLOAD_BYTES))
            address = random_.randrange(0, 4096, 4)
            data = random_.randbytes(size)
            await send(Request(Operation.WRITE_MEMORY, sequence, address, payload=data).to_bytes())
            assert parse_reply(await receive(4000)) == Reply(Operation.WRITE_MEMORY, sequence)
            await send(Request(Operation.READ_MEMORY, sequence, address, length=size).to_bytes())
            assert parse_reply(await receive(4000)) == Reply(Operation.READ_MEMORY, sequence, data)
        await send(Request(Operation.PING, 99).to_bytes())
        assert parse_reply(await receive(4000)) == Reply(Operation.PING, 99)

    run(script, board)


def test_a_repeated_register_write_is_executed_once() -> None:
    """The same sequence number is acknowledged again without effect; the next one has its effect."""
    board = Board()

    async def script(send: Send, receive: Receive) -> None:
        for sequence in (5, 5, 6):
            await send(Request(Operation.WRITE_REGISTER, sequence, 0, payload=b"\1\0\0\0").to_bytes())
            assert parse_reply(await receive(4000)).sequence == sequence

    run(script, board)
    assert board.register_writes == [(0, 1), (0, 1)]


def test_damage_is_dropped_and_the_next_frame_works() -> None:
    """Flipped, lost and doubled bytes: no reply, no effect; after a silence a whole frame is answered."""
    board, random_ = Board(), random.Random(2)

    async def script(send: Send, receive: Receive) -> None:
        for sequence in range(12):
            frame = bytearray(Request(Operation.WRITE_MEMORY, sequence, 64, payload=random_.randbytes(8)).to_bytes())
            place = random_.randrange(len(frame))
            kind = sequence % 3
            if kind == 0:
                frame[place] ^= 1 << random_.randrange(8)
            elif kind == 1:
                del frame[place]
            else:
                frame.insert(place, frame[place] ^ 0x55)
            await send(bytes(frame))
            answer = await receive(1000)
            if answer:
                assert kind == 2, "an inserted byte behind the frame alone leaves it whole"
            await send(Request(Operation.PING, sequence).to_bytes())
            assert parse_reply(await receive(4000)) == Reply(Operation.PING, sequence)

    run(script, board)


def test_damaged_replies_are_refused() -> None:
    """Every single flipped bit of a reply is noticed."""
    frame = Reply(Operation.READ_MEMORY, 1, b"abcdefgh").to_bytes()
    for bit in range(8, 8 * len(frame)):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            parse_reply(bytes(damaged))
        except FrameError:
            continue
        raise AssertionError(f"bit {bit} was not noticed")
