"""The host runtime against a board in Python: exact under damage, and a clear word for everything that goes wrong."""

from dataclasses import replace

import numpy as np
import pytest

from tests.face.command import tileloom
from tests.fpga.fake_board import FakeBoard
from tests.programs.random_program import random_inputs, random_program
from tileloom.fpga.board_error import BoardError
from tileloom.fpga.boards import Board, find_board
from tileloom.fpga.host_connection import HostConnection
from tileloom.fpga.runtime import BoardRuntime, open_board
from tileloom.fpga.serial_line import SerialLine
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.registers import OFFSET, Error
from tileloom.sim.functional.run import run

BOARD = find_board("ulx3s-85f")
FRAMES = 2


@pytest.fixture(scope="module")
def program() -> Program:
    """A small random program."""
    target = load_target("small")
    return next(
        p for p in (random_program(seed, target, 1) for seed in range(50)) if p.memory_bytes < 8192 and p.outputs
    )


def fake(program: Program, board: Board = BOARD, damage: float = 0.0, mute: bool = False) -> FakeBoard:
    """A board whose machine is the functional simulator, fed from the board's own memory."""

    def machine(memory: bytearray) -> Error:
        data = np.frombuffer(memory, np.uint8)
        start, whole = program.instruction_address, program.instruction_bytes
        if memory[start : start + len(whole)] != whole:
            return Error.ILLEGAL_INSTRUCTION
        inputs = {t.name: t.unpack(data[t.address : t.address + t.size_bytes].copy())[None] for t in program.inputs}
        result = run(program, inputs)
        for tensor in program.outputs:
            stored = tensor.pack(result.outputs[tensor.name][0]).tobytes()
            memory[tensor.address : tensor.address + tensor.size_bytes] = stored
        return result.error

    return FakeBoard(program.target, board.memory_bytes, machine, damage, seed=3, mute=mute)


def frames(program: Program) -> dict[str, Codes]:
    """Inputs for the program."""
    return random_inputs(program, 1, FRAMES)


@pytest.mark.parametrize("damage", [0.0, 0.01])
def test_results_are_exact(program: Program, damage: float) -> None:
    """Frames through the line: the functional simulator's outputs, whatever the line does to the bytes."""
    inputs = frames(program)
    expected = run(program, inputs).outputs
    with fake(program, damage=damage) as board, BoardRuntime(BOARD, board.port) as runtime:
        runtime.load(program)
        result = runtime.run(inputs)
        starts = sum(place == OFFSET["CONTROL"] for place, _ in board.register_writes)
        assert (runtime.counts.repeats > 0) == (damage > 0)
        assert "done after" in runtime.status().text
    assert starts == FRAMES, "a start that is repeated on the line is executed once"
    assert len(result.frames) == FRAMES
    for name, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[name], codes)


def test_a_half_sent_program_never_starts(program: Program) -> None:
    """The host ends in mid-load: the next one cannot run, and the machine itself refuses to start."""
    with fake(program) as board:
        with BoardRuntime(BOARD, board.port) as runtime:
            runtime.load(program)
            sent: list[int] = []
            write = runtime._link.write

            def torn(address: int, data: bytes) -> None:
                write(address, data[: len(data) // 2])
                sent.append(len(data))
                board.mute = True
                runtime._link.patience_seconds = 0.1
                write(address, data)

            runtime._link.write = torn  # type: ignore[method-assign]
            with pytest.raises(BoardError, match=r"is not loaded: the board .* has not answered for 0\.1 s"):
                # Small parts only: those are repeated until the patience ends.
                runtime._link._part = 16
                runtime.load(program)
            assert sent
            with pytest.raises(BoardError, match="no program is loaded"):
                runtime.run(frames(program))
        board.mute = False
        with BoardRuntime(BOARD, board.port) as runtime:
            runtime._link.write_register(OFFSET["CONTROL"], 1)
            assert runtime.status().error is Error.PROGRAM_END
            assert "PROGRAM_END" in runtime.status().text


def test_an_error_of_the_machine_is_read_back(program: Program) -> None:
    """The run ends with the machine's code and no outputs."""
    with FakeBoard(program.target, BOARD.memory_bytes, lambda _: Error.OUTSIDE_WINDOW) as board:
        with BoardRuntime(BOARD, board.port) as runtime:
            runtime.load(program)
            result = runtime.run(frames(program))
    assert result.error is Error.OUTSIDE_WINDOW
    assert len(result.frames) == 1 and not result.outputs


def test_a_lost_port_and_reconnection(program: Program) -> None:
    """The board goes away: one sentence; on the port of its return everything works after a new load."""
    inputs = frames(program)
    board = fake(program)
    runtime = BoardRuntime(BOARD, board.port)
    runtime.load(program)
    board.close()
    with pytest.raises(BoardError, match="is gone"):
        runtime.run(inputs)
    with fake(program) as again:
        runtime.port = again.port
        runtime.reconnect()
        with pytest.raises(BoardError, match="no program is loaded"):
            runtime.run(inputs)
        runtime.load(program)
        assert runtime.run(inputs).error is Error.NONE
        runtime.close()


def test_refusals_before_anything_is_sent(program: Program) -> None:
    """Another target, too little memory, inputs of another shape, nobody there, no such port."""
    with fake(program) as board, BoardRuntime(BOARD, board.port) as runtime:
        with pytest.raises(BoardError, match=r"is for target odd .* compile for the board's target"):
            runtime.load(random_program(1, load_target("odd"), 1))
        with pytest.raises(BoardError, match="needs 262,144 bytes of memory, board ulx3s-85f has 196,608"):
            runtime.load(replace(program, memory_bytes=1 << 18))
        assert not any(place == OFFSET["PROGRAM_BYTES"] for place, _ in board.register_writes)
        runtime.load(program)
        name = program.inputs[0].name
        with pytest.raises(BoardError, match=f"input {name} must be int8"):
            runtime.run({name: np.zeros((1, 1, 1, 1), np.int8)})
        with pytest.raises(BoardError, match=f"input {name} is missing"):
            runtime.run({})
    with fake(program, mute=True) as board, pytest.raises(BoardError, match=r"has not answered for 0\.2 s"):
        BoardRuntime(BOARD, board.port, patience_seconds=0.2)
    with pytest.raises(BoardError, match="port /dev/no-such-port cannot be opened"):
        open_board("ulx3s-85f", "/dev/no-such-port")


def test_a_first_register_write_is_not_taken_for_a_repeat(program: Program) -> None:
    """A new host whose numbers continue those of the last one still has all its writes executed."""
    with fake(program) as board:
        for start in range(3):
            with BoardRuntime(BOARD, board.port) as runtime:
                runtime._link._sequence = board._last_write - 1 & 0xFF
                runtime.reconnect()
                board.register_writes.clear()
                runtime._link.write_register(OFFSET["WINDOW_BYTES"], 64 * start)
                assert board.register_writes == [(OFFSET["WINDOW_BYTES"], 64 * start)]


def test_parts_shrink_and_grow_with_the_noise(program: Program) -> None:
    """A quiet line gets parts of 256 bytes again after a noisy time."""
    with fake(program, damage=0.02) as board:
        link = HostConnection(SerialLine(board.port, BOARD.bits_per_second))
        data = bytes(range(256)) * 4
        link.write(0, data)
        assert link._part < 256
        board.damage = 0.0
        assert link.read(0, len(data)) == data
        link.write(0, data * 4)
        assert link._part == 256
        link.line.close()


def test_the_command_says_what_is_wrong(program: Program) -> None:
    """Exit status 1 and one sentence."""
    missing = tileloom("run", "digits_modern", "--board", "ulx3s-85f", "--port", "/dev/no-such-port")
    assert missing.status == 1 and "TL415" in missing.stderr and "cannot be opened" in missing.stderr
    unknown = tileloom("run", "digits_modern", "--board", "nix", "--port", "sim")
    assert unknown.status == 1 and "TL411" in unknown.stderr and "ulx3s-85f" in unknown.stderr
