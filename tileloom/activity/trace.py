"""Running one frame on a traced model, a window of its cycles written to a file."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tileloom.activity.build import Trace, build_traced
from tileloom.hw.build import Progress
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.result import Result
from tileloom.sim.rtl.engine import RtlEngine

END = 1 << 62


@dataclass(frozen=True)
class Window:
    """Cycles ``first`` to ``last`` (not included) of a frame, the start strobe being in cycle 0."""

    first: int = 0
    last: int = END


class TracedEngine(RtlEngine):
    """An RTL engine whose next frame leaves a trace."""

    def write_next(self, path: Path, window: Window) -> None:
        """Write the window of the next frame that is run to ``path``."""
        call = self._functions.tileloom_window
        call.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64)
        call(self._machine, str(path).encode(), window.first, window.last)

    def end_window(self) -> None:
        """Close the file where the frame ended before its window."""
        call = self._functions.tileloom_end_window
        call.argtypes = (ctypes.c_void_p,)
        call(self._machine)


def run_traced(
    program: Program,
    codes: Mapping[str, Codes],
    path: Path,
    trace: Trace = Trace.SAIF,
    window: Window | None = None,
    progress: Progress | None = None,
) -> tuple[Result, Path]:
    """Run the first frame of ``codes``; the result, and the library that it ran on.

    Raises
    ------
    BuildError : the traced model cannot be built
    RtlError : the machine broke a rule
    """
    library = build_traced(program.target, trace, progress)
    engine = TracedEngine(library)
    try:
        engine.write_next(path, window or Window())
        result = engine.run(program, {name: array[:1] for name, array in codes.items()})
        engine.end_window()
    finally:
        engine.close()
    return result, library
