"""The RTL engine: runs programs on a Verilated accelerator, frame by frame, without a reset between them."""

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.config import MemoryModel
from tileloom.hw.spec.program import Codes, Program, TensorMap
from tileloom.hw.spec.registers import Cause, Error
from tileloom.hw.spec.result import FrameTiming, JobTrace, Result, Wait
from tileloom.sim.cycle.deadlock import Standstill
from tileloom.sim.rtl.hang import Hang, hang_of
from tileloom.sim.rtl.library import MemoryRequest, RtlError, RunRequest, load_library, report_structure

WINDOW_BASE = 0x4000_0000
"""Where the address window stands in the memory's addresses: not 0, so that a forgotten base shows."""
CYCLE_LIMIT = 1 << 40


@dataclass(frozen=True)
class Faults:
    """What is done to a frame on purpose; 0 leaves a fault out. Beats and responses count from 1."""

    failing_read_beat: int = 0
    failing_write: int = 0
    silent_from: int = 0
    """Cycle from which the memory answers nothing any more."""
    abort_cycle: int = 0
    reset_cycle: int = 0
    """Cycle with a hard reset; the frame ends there."""
    window_bytes: int | None = None
    """Size of the address window, instead of the program's memory."""


class RtlEngine:
    """One Verilated machine. Runs follow each other on it as on a chip: nothing is reset between them.

    Parameters
    ----------
    library_path : shared library made by ``hw/build.py``, its manifest beside it
    """

    def __init__(self, library_path: str | Path) -> None:
        self.library = load_library(library_path)
        self.target = self.library.target
        self.verilog_hash = self.library.verilog_hash
        self._functions = self.library.functions
        self._machine = self._functions.tileloom_create()
        self.seconds = 0.0
        """Time spent inside the simulation."""
        self.hang: Hang | None = None
        """Who waited for what when the watchdog halted the last run; None where it did not."""

    def close(self) -> None:
        """Free the machine; it cannot be used afterwards."""
        if self._machine:
            self._functions.tileloom_destroy(self._machine)
            self._machine = None

    def __enter__(self) -> "RtlEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self) -> None:
        """A hard reset, as at power-up; runs do not need it."""
        self._functions.tileloom_reset(self._machine)

    @property
    def total_cycles(self) -> int:
        """Clock cycles simulated since the machine was made."""
        return int(self._functions.tileloom_total_cycles(self._machine))

    def run(
        self,
        program: Program,
        inputs: dict[str, Codes],
        memory: MemoryModel | None = None,
        random_pauses_seed: int | None = None,
        taps: bool = False,
        faults: Faults | None = None,
        cycle_limit: int = CYCLE_LIMIT,
        waits: bool = False,
    ) -> Result:
        """Run one frame after another.

        Parameters
        ----------
        inputs : codes ``(frames, channels, height, width)`` of every input of the program
        memory : the memory model, by default that of the program's target
        random_pauses_seed : instead of the model's pauses, random ones on every channel
        taps : also return the program's taps (those in the map buffer cannot be read and are left out)
        faults : injected into every frame
        waits : also return every stall with its place in time, as the cycle simulator does

        Returns
        -------
        Result : up to and with the first frame that ends in an error; of that frame no outputs

        Raises
        ------
        RtlError : the program is for another target, an input is missing or misshapen, or the machine broke a rule of
            its bus or its own counters disagree with those of the harness
        """
        frames = self._check(program, inputs)
        image = _aligned(program.image())
        wanted = (*program.outputs, *(program.taps if taps else ()))
        kept: dict[str, list[npt.NDArray[np.uint8]]] = {t.name: [] for t in wanted if t.space == 0}
        timings: list[FrameTiming] = []
        self.hang = None
        error, program_counter = Error.NONE, 0
        faults = faults or Faults()
        request = self._request(program, image, memory or program.target.memory, random_pauses_seed, faults)
        request.cycle_limit = cycle_limit
        request.wants_waits = waits
        for frame in range(frames):
            for tensor in program.inputs:
                image[tensor.address : tensor.address + tensor.size_bytes] = tensor.pack(inputs[tensor.name][frame])
            report = self._frame(request)
            timing = self._timing(report) if report.over else None
            error, program_counter = Error(report.status >> 8 & 0xFF), int(report.program_counter)
            if error is Error.WATCHDOG and timing is not None:
                self.hang = self._hang(program, report, timing)
            if faults.reset_cycle and timing is None:
                break
            if timing is not None:
                timings.append(timing)
            if error is not Error.NONE:
                break
            for tensor in wanted:
                if tensor.space == 0:
                    kept[tensor.name].append(image[tensor.address : tensor.address + tensor.size_bytes].copy())
        return Result(
            engine="rtl",
            outputs=_unpack(program.outputs, kept),
            taps=_unpack(program.taps, kept) if taps else {},
            frames=tuple(timings),
            error=error,
            program_counter=program_counter,
        )

    def _check(self, program: Program, inputs: dict[str, Codes]) -> int:
        if program.target.hash != self.target.hash:
            raise RtlError(
                f"program {program.name!r} is for target {program.target.name!r} ({program.target.hash:#018x}), "
                f"the RTL library for {self.target.name!r} ({self.target.hash:#018x}); compile one of them again"
            )
        counts = set()
        for tensor in program.inputs:
            shape = (tensor.channels, tensor.height, tensor.width)
            codes = inputs.get(tensor.name)
            if codes is None:
                raise RtlError(f"input {tensor.name!r} is missing; the program wants {shape} codes a frame")
            fits = np.can_cast(codes.dtype, tensor.code_type)
            if codes.ndim != 4 or codes.shape[1:] != shape or not fits:
                kind = tensor.code_type
                raise RtlError(
                    f"input {tensor.name!r} must be {kind} (frames, {shape}), not {codes.dtype} {codes.shape}"
                )
            counts.add(len(codes))
        if len(counts) > 1:
            raise RtlError(f"inputs must have the same number of frames, not {sorted(counts)}")
        return counts.pop() if counts else 1

    def _request(
        self, program: Program, image: npt.NDArray[np.uint8], memory: MemoryModel, seed: int | None, faults: Faults
    ) -> RunRequest:
        return RunRequest(
            memory=MemoryRequest(
                bytes=image.ctypes.data,
                size=len(image),
                base=WINDOW_BASE,
                read_latency=memory.read_latency,
                write_latency=memory.write_latency,
                pause_period=0 if seed is not None else memory.pause_period,
                pause_cycles=0 if seed is not None else memory.pause_cycles,
                random_seed=0 if seed is None else seed + 1,
                failing_read_beat=faults.failing_read_beat,
                failing_write=faults.failing_write,
                silent_from=faults.silent_from,
            ),
            window_bytes=len(image) if faults.window_bytes is None else faults.window_bytes,
            program_address=program.instruction_address,
            program_bytes=len(program.instruction_bytes),
            abort_cycle=faults.abort_cycle,
            reset_cycle=faults.reset_cycle,
        )

    def _frame(self, request: RunRequest) -> Any:
        """The report of one frame, which came to an end unless it was reset."""
        report = report_structure(self.target.tiles)()
        begin = time.perf_counter()
        self._functions.tileloom_run(self._machine, ctypes.byref(request), ctypes.byref(report))
        self.seconds += time.perf_counter() - begin
        violation = self._functions.tileloom_violation(self._machine).decode()
        if violation:
            raise RtlError(f"the machine broke a rule of its memory port: {violation}")
        if not report.over and not request.reset_cycle:
            raise RtlError(f"the machine was neither done nor in error after {request.cycle_limit} cycles")
        return report

    def _hang(self, program: Program, report: Any, timing: FrameTiming) -> Hang:
        done = tuple(tuple(job.tag for job in timing.trace if job.tile == n) for n in range(self.target.tiles))
        shown = Standstill(
            program_counter=int(report.program_counter),
            stored=int(report.stored),
            causes=tuple(Cause(cause) for cause in report.last_cause),
            jobs=done,
        )
        return hang_of(program, shown, int(report.open_reads), int(report.open_writes))

    def _timing(self, report: Any) -> FrameTiming:
        jobs = self._functions.tileloom_jobs(self._machine)
        trace = sorted(
            JobTrace(start=jobs[i].start, end=jobs[i].end, tile=jobs[i].tile, tag=jobs[i].tag)
            for i in range(report.jobs)
        )
        stalls = tuple({cause: int(tile[cause]) for cause in Cause} for tile in report.causes)
        if report.cycles != report.cycles_register:
            raise RtlError(f"the harness counts {report.cycles} cycles, register CYCLES {report.cycles_register}")
        for cause in Cause if self.target.counters else ():
            total, register = sum(tile[cause] for tile in stalls), report.cause_registers[cause]
            if total & 0xFFFFFFFF != register:
                raise RtlError(
                    f"the harness counts {total} cycles of {cause.name}, register STALL_{cause.name} {register}"
                )
        entries = self._functions.tileloom_waits(self._machine)
        waits = sorted(
            (int(entry.tile), int(entry.start), int(entry.end), Cause(entry.cause))
            for entry in (entries[i] for i in range(report.waits))
        )
        return FrameTiming(
            cycles=int(report.cycles),
            trace=tuple(trace),
            stalls=stalls,
            waits=tuple(Wait(tile, cause, start, end) for tile, start, end, cause in waits),
        )


def _aligned(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The window's memory, up to a whole 64 bytes, so that every beat of any port is inside."""
    memory = np.zeros(-(-len(image) // 64) * 64, np.uint8)
    memory[: len(image)] = image
    return memory


def _unpack(tensors: tuple[TensorMap, ...], kept: dict[str, list[npt.NDArray[np.uint8]]]) -> dict[str, Codes]:
    return {t.name: t.unpack(np.stack(kept[t.name])) for t in tensors if kept.get(t.name)}
