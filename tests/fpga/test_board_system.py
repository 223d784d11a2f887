"""The gateware of a board, in Verilator, runs a program that came over its serial line, bit by bit."""

from tests.hw_tile.verilated import Verilated
from tests.programs.random_program import random_inputs, random_program
from tileloom.fpga.board_memory import BoardMemory
from tileloom.fpga.board_system import BoardSystem
from tileloom.fpga.protocol import PAYLOAD_BYTES, Operation, Reply, Request, parse_reply, reply_size
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import OFFSET
from tileloom.sim.functional.run import run

MEMORY_BYTES = 1 << 16
DIVISOR = 4


class Line:
    """The host's end of the line: one cycle of the board at a time."""

    def __init__(self, board: Verilated) -> None:
        self.board = board
        self.sequence = 0

    def send(self, data: bytes) -> None:
        """Start bit, eight data bits, stop bit."""
        for byte in data:
            for bit in (0, *(byte >> i & 1 for i in range(8)), 1):
                self.board.set("rx", bit)
                for _ in range(DIVISOR):
                    self.board.tick()

    def receive(self, count: int) -> bytes:
        """So many bytes; each bit is sampled in its middle."""
        got = []
        for _ in range(count):
            for _ in range(20_000):
                if not self.board.get("tx"):
                    break
                self.board.tick()
            else:
                raise AssertionError("the board does not answer")
            value = 0
            for _ in range(DIVISOR // 2):
                self.board.tick()
            for bit in range(8):
                for _ in range(DIVISOR):
                    self.board.tick()
                value |= self.board.get("tx") << bit
            for _ in range(DIVISOR):
                self.board.tick()
            got.append(value)
        return bytes(got)

    def ask(self, operation: Operation, address: int, payload: bytes = b"", length: int = 0) -> bytes:
        """One request and its reply's payload."""
        self.sequence = (self.sequence + 1) % 256
        self.send(Request(operation, self.sequence, address, length, payload).to_bytes())
        start = self.receive(5)
        reply = parse_reply(start + self.receive(reply_size(start) - 5))
        assert reply == Reply(operation, self.sequence, reply.payload)
        return reply.payload

    def write(self, register: str, value: int) -> None:
        """Write a register."""
        self.ask(Operation.WRITE_REGISTER, OFFSET[register], value.to_bytes(4, "little"))

    def read(self, register: str) -> int:
        """Read a register."""
        return int.from_bytes(self.ask(Operation.READ_REGISTER, OFFSET[register], length=4), "little")


def test_a_program_runs_over_the_line() -> None:
    """Image and input, start, poll, outputs: the functional simulator's bytes."""
    target = load_target("small")
    seeds = (random_program(seed, target, 1) for seed in range(50))
    program = next(p for p in seeds if p.memory_bytes < 8192)
    inputs = random_inputs(program, 1, 1)
    expected = run(program, inputs).outputs
    image = program.image()
    for tensor in program.inputs:
        image[tensor.address : tensor.address + tensor.size_bytes] = tensor.pack(inputs[tensor.name][0])
    data = image.tobytes() + bytes(-len(image) % 4)

    board = Verilated(BoardSystem(target, BoardMemory(target, MEMORY_BYTES), DIVISOR))
    board.set("rx", 1)
    board.reset()
    line = Line(board)
    for start in range(0, len(data), PAYLOAD_BYTES):
        line.ask(Operation.WRITE_MEMORY, start, data[start : start + PAYLOAD_BYTES])
    line.write("WINDOW_BYTES", MEMORY_BYTES)
    line.write("PROGRAM_ADDRESS", program.instruction_address)
    line.write("PROGRAM_BYTES", len(program.instruction_bytes))
    assert line.read("HASH_LOW") == target.hash & 0xFFFF_FFFF
    line.write("CONTROL", 1)
    while line.read("STATUS") & 1:
        pass
    assert line.read("STATUS") == 2, "done, without an error"
    assert line.read("CYCLES") > 0
    for tensor in program.outputs:
        first, end = tensor.address & ~3, -(-(tensor.address + tensor.size_bytes) // 4) * 4
        got = b"".join(
            line.ask(Operation.READ_MEMORY, start, length=min(PAYLOAD_BYTES, end - start))
            for start in range(first, end, PAYLOAD_BYTES)
        )
        skipped = tensor.address - first
        stored = got[skipped : skipped + tensor.size_bytes]
        assert stored == tensor.pack(expected[tensor.name][0]).tobytes(), tensor.name
    board.close()
