"""The host runtime: programs and frames to a board, results, status and counters from it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from tileloom.fpga.board_error import BoardError
from tileloom.fpga.boards import Board, find_board
from tileloom.fpga.host_connection import HostConnection, LineCounts
from tileloom.fpga.serial_line import LineError, SerialLine
from tileloom.fpga.simulated_board import SimulatedBoard, board_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program, TensorMap
from tileloom.hw.spec.registers import ERROR_TEXTS, OFFSET, Cause, Error
from tileloom.hw.spec.result import FrameTiming, Result

BUSY, DONE, FAILED = 1, 2, 4
START, ABORT = 1, 2
MEMORY_UNIT = 64
"""The address window ends at a multiple of it, so that every beat of any port is inside."""
SIMULATED = "sim"


@dataclass(frozen=True)
class BoardStatus:
    """The machine's own words."""

    busy: bool
    done: bool
    error: Error
    program_counter: int
    """Word offset of the instruction that was popped last."""
    cycles: int
    stalls: dict[Cause, int]
    """Cycles of all tiles together, by cause; RUN is what they computed."""

    @property
    def text(self) -> str:
        """For a person.

        >>> BoardStatus(False, True, Error.NONE, 7, 99, {}).text
        'done after 99 cycles'
        """
        if self.error is not Error.NONE:
            return f"error {self.error.name} at word {self.program_counter}: {ERROR_TEXTS[self.error]}"
        return f"{'busy' if self.busy else 'done' if self.done else 'idle'} after {self.cycles} cycles"


class BoardRuntime:
    """One board on a serial port.

    A program counts as loaded only when all of it has arrived: until then the board holds a program of 0 bytes, which
    its machine refuses to run, whoever starts it.

    Parameters
    ----------
    board : its speed and the size of its memory
    port : the serial port
    patience_seconds : how long an unanswered request, or a run, is waited for
    simulation : what stands behind ``port``, if it is no board; it ends with the runtime
    """

    def __init__(
        self, board: Board, port: str, patience_seconds: float = 30.0, simulation: SimulatedBoard | None = None
    ) -> None:
        self.board = board
        self.port = port
        self.patience_seconds = patience_seconds
        self.simulation = simulation
        self.program: Program | None = None
        self._connect()

    def _connect(self) -> None:
        try:
            self._link = HostConnection(SerialLine(self.port, self.board.bits_per_second), self.patience_seconds)
        except LineError as error:
            raise BoardError(str(error)) from None
        try:
            # The number of the first register write may be that of the last one of an earlier host, and the board would
            # take it for a repeat; the second one is certainly new.
            for _ in range(2):
                self._link.write_register(OFFSET["INTERRUPT_ENABLE"], 0)
            version = self._link.read_register(OFFSET["VERSION"])
            self.hash = self._link.read_register(OFFSET["HASH_LOW"])
            self.hash |= self._link.read_register(OFFSET["HASH_HIGH"]) << 32
        except LineError as error:
            self._link.line.close()
            raise BoardError(str(error)) from None
        if version != isa.FORMAT_VERSION:
            self._link.line.close()
            raise BoardError(
                f"the board's gateware has format version {version}, this tileloom {isa.FORMAT_VERSION}; "
                f"build its bitstream again: tileloom build --board {self.board.name}"
            )

    def reconnect(self) -> None:
        """Open the port anew, and the simulator if it has ended; a program must be loaded again."""
        self._link.line.close()
        self.program = None
        if self.simulation is not None:
            self.simulation = self.simulation.anew()
            self.port = self.simulation.port
        self._connect()

    def close(self) -> None:
        """Give the port back."""
        self._link.line.close()
        if self.simulation is not None:
            self.simulation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counts(self) -> LineCounts:
        """Requests, repeats and damaged replies since the connection was made."""
        return self._link.counts

    def load(self, program: Program) -> None:
        """Send a program; it replaces the one before. Raises :class:`BoardError`.

        A load on a noisy line is read back and compared, because a CRC does not notice everything.
        """
        if program.target.hash != self.hash:
            raise BoardError(
                f"program {program.name} is for target {program.target.name} ({program.target.hash:#018x}), the board "
                f"holds {self.hash:#018x}; compile for the board's target, or build the board with that one"
            )
        size = -(-program.memory_bytes // MEMORY_UNIT) * MEMORY_UNIT
        if size > self.board.memory_bytes:
            raise BoardError(
                f"program {program.name} needs {size:,} bytes of memory, board {self.board.name} has "
                f"{self.board.memory_bytes:,}; take a smaller network"
            )
        image = program.image().tobytes().ljust(size, b"\0")
        self.program = None
        try:
            self._stop()
            self._link.write_register(OFFSET["PROGRAM_BYTES"], 0)
            repeats = self.counts.repeats
            self._link.write(0, image)
            if self.counts.repeats > repeats and self._link.read(0, size) != image:
                raise BoardError(f"the board at {self.port} does not hold what was sent; load the program again")
            for register, value in (
                ("WINDOW_BASE", 0),
                ("WINDOW_BYTES", size),
                ("PROGRAM_ADDRESS", program.instruction_address),
                ("PROGRAM_BYTES", len(program.instruction_bytes)),
            ):
                self._link.write_register(OFFSET[register], value)
        except LineError as error:
            raise BoardError(f"the program is not loaded: {error}") from None
        self.program = program

    def run(self, inputs: Mapping[str, Codes]) -> Result:
        """Run the loaded program on frames, codes ``(frames, channels, height, width)`` by input name.

        A frame that ends in an error is the last one; its outputs are missing. Raises :class:`BoardError`.
        """
        count = len(next(iter(inputs.values()))) if inputs else 1
        frames = ({name: codes[i] for name, codes in inputs.items()} for i in range(count))
        results = list(self.stream(frames))
        last = results[-1]
        good = [result for result in results if result.error is Error.NONE]
        return Result(
            engine="board",
            outputs={
                name: np.concatenate([r.outputs[name] for r in good]) for name in (good[0].outputs if good else ())
            },
            frames=tuple(timing for result in results for timing in result.frames),
            error=last.error,
            program_counter=last.program_counter,
        )

    def stream(self, frames: Iterable[Mapping[str, Codes]]) -> Iterator[Result]:
        """The result of each frame (codes ``(channels, height, width)`` by input name) as soon as it is there."""
        for frame in frames:
            if self.program is None:
                raise BoardError("no program is loaded; load one first")
            try:
                result = self._frame(self.program, frame)
            except LineError as error:
                self.program = None
                raise BoardError(str(error)) from None
            yield result
            if result.error is not Error.NONE:
                return

    def status(self) -> BoardStatus:
        """Status, error, and counters of the last run, or the one under way."""
        try:
            return self._status()
        except LineError as error:
            raise BoardError(str(error)) from None

    def _frame(self, program: Program, frame: Mapping[str, Codes]) -> Result:
        for tensor in program.inputs:
            self._put(tensor, _checked(tensor, frame))
        self._link.write_register(OFFSET["CONTROL"], START)
        limit = time.monotonic() + self.patience_seconds
        while self._link.read_register(OFFSET["STATUS"]) & BUSY:
            if time.monotonic() > limit:
                self._stop()
                raise BoardError(f"program {program.name} has not ended after {self.patience_seconds:g} s; aborted")
        status = self._status()
        outputs = {} if status.error else {t.name: self._get(t)[None] for t in program.outputs}
        timing = FrameTiming(cycles=status.cycles, trace=(), stalls=(status.stalls,))
        return Result("board", outputs, frames=(timing,), error=status.error, program_counter=status.program_counter)

    def _status(self) -> BoardStatus:
        word = self._link.read_register(OFFSET["STATUS"])
        return BoardStatus(
            busy=bool(word & BUSY),
            done=bool(word & DONE),
            error=Error(word >> 8 & 0xFF) if word & FAILED else Error.NONE,
            program_counter=self._link.read_register(OFFSET["PROGRAM_COUNTER"]),
            cycles=self._link.read_register(OFFSET["CYCLES"]),
            stalls={cause: self._link.read_register(OFFSET[f"STALL_{cause.name}"]) for cause in Cause},
        )

    def _stop(self) -> None:
        """End whatever runs: settings cannot be written while the machine is busy."""
        limit = time.monotonic() + self.patience_seconds
        while self._link.read_register(OFFSET["STATUS"]) & BUSY:
            if time.monotonic() > limit:
                raise BoardError(f"the board at {self.port} does not end its run; reset it")
            self._link.write_register(OFFSET["CONTROL"], ABORT)

    def _put(self, tensor: TensorMap, codes: Codes) -> None:
        data = tensor.pack(codes).tobytes()
        first, end = _words(tensor)
        if (first, end) != (tensor.address, tensor.address + len(data)):
            around = bytearray(self._link.read(first, end - first))
            around[tensor.address - first : tensor.address - first + len(data)] = data
            data = bytes(around)
        self._link.write(first, data)

    def _get(self, tensor: TensorMap) -> Codes:
        first, end = _words(tensor)
        data = self._link.read(first, end - first)
        return tensor.unpack(np.frombuffer(data, np.uint8)[tensor.address - first :][: tensor.size_bytes].copy())


def open_board(
    name: str,
    port: str,
    target: Target | None = None,
    patience_seconds: float = 30.0,
    damage: float = 0.0,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> BoardRuntime:
    """The runtime of a board.

    Parameters
    ----------
    port : a serial port; ``sim`` builds and starts a simulated board, which ends with the runtime
    target : of a simulated board; None takes the board's own preset
    damage, seed : share of the bytes that a simulated board's line damages, loses or doubles
    progress : gets a line before each step that takes time

    Raises
    ------
    BoardError : the port cannot be opened or nobody answers there
    tileloom.fpga.tools.BuildError : the board is not known
    """
    from tileloom.hw.spec.config import load_target

    board = find_board(name)
    if port != SIMULATED:
        return BoardRuntime(board, port, patience_seconds)
    made = board_program(board, target or load_target(board.target), progress=progress)
    simulation = SimulatedBoard(made, damage, seed)
    try:
        return BoardRuntime(board, simulation.port, patience_seconds, simulation)
    except BaseException:
        simulation.close()
        raise


def _words(tensor: TensorMap) -> tuple[int, int]:
    """The whole words around a tensor: first byte, and the one behind the last."""
    return tensor.address & ~3, -(-(tensor.address + tensor.size_bytes) // 4) * 4


def _checked(tensor: TensorMap, frame: Mapping[str, Codes]) -> Codes:
    shape = (tensor.channels, tensor.height, tensor.width)
    codes = frame.get(tensor.name)
    if codes is None:
        raise BoardError(f"input {tensor.name} is missing; the program wants {shape} codes a frame")
    if codes.shape != shape or not np.can_cast(codes.dtype, tensor.code_type):
        raise BoardError(f"input {tensor.name} must be {tensor.code_type} {shape}, not {codes.dtype} {codes.shape}")
    return codes
