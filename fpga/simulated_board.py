"""A simulated board: its gateware behind a pseudo-terminal, which the host cannot tell from a board but by its speed.

Everything behind the serial line is compiled by Verilator into a program of its own.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tileloom.fpga.boards import Board, MemoryKind
from tileloom.fpga.sdram_chip import PAD_CYCLES, ULX3S_CHIP
from tileloom.fpga.sdram_simulation import HEADER, rules
from tileloom.hw.build import cache_folder, locked
from tileloom.hw.spec.config import Target
from tileloom.hw.verilator import COMPILER_FLAGS, FAST_ARGUMENTS, check_tools, compile_model, environment, run

TOP = "board"
DRIVER = Path(__file__).with_name("board_line.cpp")
DIVISOR = 4
"""Clock cycles of a bit, unless told otherwise: the fewest that the UART can do, because every cycle costs time."""
SPLIT = 12_000


def _silent(line: str) -> None:
    """Nobody looks."""


def board_program(
    board: Board, target: Target, divisor: int = DIVISOR, progress: Callable[[str], None] = _silent
) -> Path:
    """The simulator of a board with that target; built (minutes) unless the cache has it.

    A board with SDRAM gets a simulated chip on its pads, which ends the simulator if a rule of the chip is broken.

    Raises ``tileloom.hw.verilator.BuildError`` where a tool is missing.
    """
    check_tools()
    text = _verilog(board, target, divisor)
    macros = _macros(board, target, divisor)
    sources = [path.read_text("utf-8") for path in (DRIVER, HEADER)]
    flags = [*macros, *FAST_ARGUMENTS, *COMPILER_FLAGS]
    digest = hashlib.sha256("\0".join([text, *sources, *flags]).encode()).hexdigest()
    program = cache_folder() / "boards" / digest[:32]
    with locked(program, progress):
        if not program.exists():
            progress(f"compiling the simulated {board.name} of target {target.name}")
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                verilog, model, made = folder / f"{TOP}.v", folder / "model", folder / TOP
                verilog.write_text(text, encoding="utf-8")
                compile_model(verilog, TOP, model, jobs=2, split=SPLIT)
                run(_link(model, macros, made), folder, "the C++ compiler")
                run(["cp", str(made), f"{program}.part"], folder, "cp")
            Path(f"{program}.part").replace(program)
    return program


def _macros(board: Board, target: Target, divisor: int) -> list[str]:
    """What the driver is compiled for."""
    macros = [f"-DDIVISOR={divisor}"]
    if board.memory is MemoryKind.SDRAM:
        values = ",".join(map(str, rules(ULX3S_CHIP, target.clock_hz)))
        macros += [f"-DSDRAM_RULES={values}", f"-DPAD_CYCLES={PAD_CYCLES}"]
    return macros


def _verilog(board: Board, target: Target, divisor: int) -> str:
    # Late: they load all of Amaranth.
    from tileloom.fpga.board_system import BoardSystem
    from tileloom.fpga.make_memory import make_memory
    from tileloom.hw.verilog import convert
    from tileloom.hw.verilog_memory import VERILOG

    memory = make_memory(board, target, target.clock_hz)
    return VERILOG + "\n" + convert(BoardSystem(target, memory, divisor), TOP, {})


def _link(model: Path, macros: list[str], program: Path) -> list[str]:
    root = Path(environment()["VERILATOR_ROOT"]) / "include"
    command = ["g++", "-std=c++20", *COMPILER_FLAGS, "-pthread", "-o", str(program), *macros]
    command += [str(DRIVER), *(f"-I{path}" for path in (model, root, root / "vltstd"))]
    return [*command, str(model / f"V{TOP}__ALL.a"), str(model / "libverilated.a"), "-latomic"]


class SimulatedBoard:
    """A running simulator; ``port`` is the name of its serial port.

    Parameters
    ----------
    program : from :func:`board_program`
    damage : share of the bytes, in both directions, of which one bit is flipped, or which are lost or doubled
    seed : of the damage
    """

    def __init__(self, program: Path, damage: float = 0.0, seed: int = 1) -> None:
        if not 0 <= damage < 1:
            raise ValueError(f"damage must be a share from 0 to below 1, not {damage!r}")
        self.program, self.damage, self.seed = program, damage, seed
        self.process = subprocess.Popen(
            [str(program), str(round(damage * 1e6)), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None, "a pipe was asked for"
        self.port = self.process.stdout.readline().strip()
        if not self.port:
            self.close()
            raise OSError("the simulated board did not open a pseudo-terminal")

    def anew(self) -> "SimulatedBoard":
        """This one while it runs, else a new one of the same kind, as after switching a board off and on."""
        if self.process.poll() is None and Path(self.port).exists():
            return self
        self.close()
        return SimulatedBoard(self.program, self.damage, self.seed)

    def close(self) -> None:
        """End the simulator."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "SimulatedBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
