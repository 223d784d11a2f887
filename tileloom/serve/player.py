"""A compiled network on one engine, which answers frames one after the other."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tileloom.compilation import Compiled, as_tensor
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.document import Kind
from tileloom.engines import Codes, checked, rtl_engine, run_cycle, run_functional, run_rtl
from tileloom.fpga.board_error import BoardError
from tileloom.fpga.runtime import BoardRuntime
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import Result
from tileloom.progress import Watch, unwatched
from tileloom.serve.picture import Door, Values


class Machine(Protocol):
    """Whatever runs frames of one program."""

    name: str
    """For a person."""
    kind: Kind
    """Of the cycles that it counts."""

    def run(self, codes: Codes) -> Result:
        """One frame, with its timing."""

    def close(self) -> None:
        """Let go of everything."""


class SimulatedMachine:
    """Values by the functional simulator; cycles by the cycle simulator, once, because they depend on no data."""

    def __init__(self, program: Program, watch: Watch = unwatched) -> None:
        self.name, self.kind = "cycle simulator", Kind.SIMULATED
        self._program = program
        self._timing = run_cycle(program, watch=watch)

    def run(self, codes: Codes) -> Result:
        """One frame."""
        values = run_functional(self._program, codes)
        return Result(self._timing.engine, values.outputs, frames=self._timing.frames)

    def close(self) -> None:
        """Nothing is held."""


class RtlMachine:
    """The hardware description in Verilator."""

    def __init__(self, program: Program, watch: Watch = unwatched) -> None:
        self.name, self.kind = "RTL in Verilator", Kind.RTL
        self._program = program
        self._engine = rtl_engine(program.target, watch=watch)

    def run(self, codes: Codes) -> Result:
        """One frame."""
        return run_rtl(self._engine, self._program, codes)

    def close(self) -> None:
        """Unload the machine."""
        self._engine.close()


class BoardMachine:
    """A board, real or simulated; after an error the next frame connects and loads again."""

    def __init__(self, program: Program, connect: Callable[[], BoardRuntime], name: str, kind: Kind) -> None:
        self.name, self.kind = name, kind
        self._program, self._connect = program, connect
        self._board: BoardRuntime | None = None
        self._ready()

    def run(self, codes: Codes) -> Result:
        """One frame."""
        board = self._ready()
        try:
            return checked(board.run(codes), self._program)
        except BoardError:
            self.close()
            raise

    def _ready(self) -> BoardRuntime:
        if self._board is None:
            board = self._connect()
            try:
                board.load(self._program)
            except BaseException:
                board.close()
                raise
            self._board = board
        return self._board

    def close(self) -> None:
        """Give the port back."""
        if self._board is not None:
            self._board.close()
            self._board = None


@dataclass(frozen=True)
class Answer:
    """What the machine made of one picture."""

    outputs: dict[str, list[float]]
    """The network's results in its own units."""
    seen: list[float]
    """What the network saw, from 0 to 1, channel by channel."""
    cycles: int
    latency_s: float
    """Of the machine: cycles at its clock."""
    stall_cycles: dict[str, int]
    seconds: float
    """What the answer took here, measured."""


class Player:
    """Answers pictures, one at a time, whoever asks."""

    def __init__(self, made: Compiled, machine: Machine, door: Door) -> None:
        self.made, self.machine, self.door = made, machine, door
        self.tensor = made.inputs[0]
        self.frames = 0
        self._lock = threading.Lock()

    def answer(self, values: Values, drawn: bool = True) -> Answer:
        """One frame; ``drawn``: it came through the door, and is prepared first, else it is the network's own input."""
        planes = self.door.prepared(values) if drawn else values
        codes = {self.tensor.name: quantise_input(self.tensor, self.door.real(planes, self.tensor))}
        with self._lock:
            begin = time.perf_counter()
            result = self.machine.run(codes)
            seconds = time.perf_counter() - begin
            self.frames += 1
        outputs = {
            tensor.name: np.ravel(dequantise_output(as_tensor(tensor), result.outputs[tensor.name])).tolist()
            for tensor in self.made.program.outputs
        }
        frame = result.frames[0]
        stalls = {cause.name.lower(): sum(tile[cause] for tile in frame.stalls) for cause in frame.stalls[0]}
        clock_hz = self.made.program.target.clock_hz
        return Answer(outputs, np.ravel(planes).tolist(), frame.cycles, frame.cycles / clock_hz, stalls, seconds)

    def close(self) -> None:
        """Let go of the machine."""
        self.machine.close()
