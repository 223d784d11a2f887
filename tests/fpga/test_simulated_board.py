"""The board's gateware behind a pseudo-terminal, driven by the host runtime as a board is."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.face.command import tileloom
from tileloom.api import BoardError, open_board
from tileloom.fpga.boards import find_board
from tileloom.hw.spec.program import Codes, Program, load_program
from tileloom.hw.spec.registers import OFFSET, Error
from tileloom.sim.functional.run import run

pytestmark = pytest.mark.full
NAME = "ulx3s-85f"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The digits network, compiled for the board's own target."""
    path = tmp_path_factory.mktemp("run") / "digits.tlp"
    outcome = tileloom("compile", "digits_modern", "--target", find_board(NAME).target, "--output", path)
    assert outcome.status == 0, outcome.stderr
    return load_program(path)


def frames(program: Program, count: int) -> dict[str, Codes]:
    """Random codes."""
    generator = np.random.default_rng(7)
    shapes = {t: (count, t.channels, t.height, t.width) for t in program.inputs}
    return {t.name: generator.integers(t.low, t.high + 1, shape).astype(np.int8) for t, shape in shapes.items()}


@pytest.mark.parametrize("damage", [0.0, 0.01])
def test_digits_are_exact(program: Program, damage: float) -> None:
    """Three frames, also with one byte of a hundred flipped, lost or doubled: every code."""
    inputs = frames(program, 3)
    expected = run(program, inputs).outputs
    with open_board(NAME, "sim", damage=damage, seed=5) as board:
        board.load(program)
        result = board.run(inputs)
        assert (board.counts.repeats > 0) == (damage > 0)
    assert result.error is Error.NONE
    assert len({frame.cycles for frame in result.frames}) == 1
    for name, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[name], codes)


def test_killed_in_mid_program(program: Program) -> None:
    """A clear error, a reconnection, the refusal to run what is not loaded, and an exact run after a new load."""
    inputs = frames(program, 2)
    expected = run(program, inputs).outputs
    with open_board(NAME, "sim") as board:
        board.load(program)
        stream = board.stream({name: codes[i % 2] for name, codes in inputs.items()} for i in range(100))
        next(stream)
        assert board.simulation is not None
        board.simulation.process.kill()
        with pytest.raises(BoardError, match="is gone"):
            list(stream)
        board.reconnect()
        with pytest.raises(BoardError, match="no program is loaded"):
            board.run(inputs)
        board._link.write_register(OFFSET["CONTROL"], 1)
        while board.status().busy:
            time.sleep(0.01)
        assert board.status().error is not Error.NONE, "a board that holds no program must not run one"
        board.load(program)
        result = board.run(inputs)
    for name, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[name], codes)


def test_a_half_loaded_program_is_refused_by_the_machine(program: Program) -> None:
    """Half of the image over a whole program: whoever starts it gets the machine's error."""
    with open_board(NAME, "sim") as board:
        board.load(program)
        write = board._link.write

        def torn(address: int, data: bytes) -> None:
            write(address, data[: len(data) // 2])
            raise KeyboardInterrupt

        board._link.write = torn  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            board.load(program)
        with pytest.raises(BoardError, match="no program is loaded"):
            board.run(frames(program, 1))
        board._link.write_register(OFFSET["CONTROL"], 1)
        while board.status().busy:
            time.sleep(0.01)
        assert board.status().error is not Error.NONE


def test_the_command(program: Program, tmp_path: Path) -> None:
    """``tileloom run --port sim``: its results are those of the simulator, its cycles of kind RTL."""
    path = tmp_path / "digits.tlp"
    program.save(path)
    given = tmp_path / "x.npz"
    np.savez(given, **frames(program, 2))  # type: ignore[arg-type]
    common = (path, "--input", given, "--output")
    ran = tileloom("run", *common, tmp_path / "board.npz", "--board", NAME, "--port", "sim", "--json", "-")
    assert ran.status == 0, ran.stderr
    assert ran.document["frames"] == 2
    assert ran.document["kinds"]["cycles"] == "RTL"
    assert tileloom("simulate", *common, tmp_path / "functional.npz").status == 0
    with np.load(tmp_path / "board.npz") as board, np.load(tmp_path / "functional.npz") as functional:
        for name in functional.files:
            np.testing.assert_array_equal(board[name], functional[name])
