"""Sweeps: many random layers and programs on one machine of a target, without a reset between them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from tests.equality.case import Case
from tests.equality.judgement import Outcome
from tests.equality.layer_cases import layer_cases, layer_title
from tests.equality.machine import Machine
from tests.equality.memories import MEMORIES, Memory
from tests.equality.program_cases import program_case
from tileloom.compiler.problems import ModelError
from tileloom.hw.build import build
from tileloom.hw.spec.config import PRESETS, Target, load_target

TARGETS = ("small", "odd", "mac25", "small16", "default")
SIX = ("default", "odd", "mac25", "mac36", "grid20", "mac2048")
"""Shapes far apart: four tiles of (8,8), three of (5,3), one each of (25,1) and (9,4), 20 of (3,2), 8 of (16,16)."""
MOST_DIFFERING = 25
"""A sweep gives up when so many layers or programs differ."""
Progress = Callable[[str], None]


@dataclass
class Tally:
    """What a sweep of layers or of programs has found."""

    run: int = 0
    """Layers or programs that ran on every engine."""
    differing: int = 0
    """Of these, those that differ anywhere, or stop."""
    refused: dict[str, int] = field(default_factory=dict)
    """Refusals of the compiler by code."""
    refusals: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    elements: int = 0
    jobs: int = 0
    cycles: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one program."""
        self.elements += outcome.elements
        self.jobs += outcome.jobs
        self.cycles += outcome.cycles
        self.differences += outcome.differences


@dataclass
class Report:
    """Both sweeps of a target."""

    target: str
    verilog_hash: str
    layers: Tally = field(default_factory=Tally)
    programs: Tally = field(default_factory=Tally)

    @property
    def differences(self) -> list[str]:
        """Every difference, each in one sentence."""
        return [*self.layers.differences, *self.programs.differences]


def machine_target(name: str) -> Target:
    """A preset, a target of the benchmarks, or a TOML file."""
    path = PRESETS / "bench" / f"{name}.toml"
    return load_target(path if path.exists() else name)


def sweep(
    name: str, layers: Iterable[int], programs: Iterable[int], progress: Progress = print, memory: str = ""
) -> Report:
    """Run the layers and programs with these seeds on the target of that name.

    With ``memory``, a name of :data:`MEMORIES`, every program meets that memory instead of one of its own.
    """
    chosen = MEMORIES.get(memory)
    target = machine_target(name) if chosen is None else chosen.machine(machine_target(name))
    built = build(target, progress=progress)
    report = Report(name, built.verilog_hash)
    machine = Machine(built.library)
    try:
        for tally, seeds, one, title in (
            (report.layers, list(layers), _layer, "layers"),
            (report.programs, list(programs), partial(_program, memory=chosen), "programs"),
        ):
            begin = said = time.monotonic()
            for number, seed in enumerate(seeds, 1):
                differences = len(tally.differences)
                one(machine, seed, tally)
                tally.differing += len(tally.differences) > differences
                for difference in tally.differences[differences:]:
                    progress(difference)
                tally.seconds = time.monotonic() - begin
                if time.monotonic() - said > 20 or number == len(seeds):
                    said = time.monotonic()
                    progress(f"{name}: {number} of {len(seeds)} {title}, {summary(tally)}")
                if tally.differing >= MOST_DIFFERING:
                    progress(f"{name}: given up behind seed {seed}: {tally.differing} {title} differ")
                    break
    finally:
        machine.close()
    return report


def summary(tally: Tally) -> str:
    """The counts in one line."""
    refused = f"{len(tally.refusals)} refused {tally.refused}, " if tally.refusals else ""
    counts = f"{tally.run} run, {refused}{tally.differing} differ, {len(tally.differences)} differences"
    return f"{counts}; {tally.elements:,} elements, {tally.jobs:,} jobs, {tally.cycles:,} cycles; {tally.seconds:.0f} s"


def _count(counts: dict[str, int], *names: str) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1


def _layer(machine: Machine, seed: int, tally: Tally) -> None:
    target = machine.engine.target
    title = layer_title(seed, target)
    try:
        drawn = layer_cases(seed, target)
    except ModelError as refusal:
        _count(tally.refused, *{problem.code for problem in refusal.problems})
        tally.refusals.append(f"{title}: {refusal}")
        return
    except Exception as error:  # a compiler that stops is a finding like any other; the sweep goes on
        tally.differences.append(f"{title}: the compiler stops with {type(error).__name__}: {error}")
        return
    _count(tally.kinds, drawn.kind)
    for case in drawn.cases:
        _check(machine, case, tally)
    tally.run += 1


def _program(machine: Machine, seed: int, tally: Tally, memory: Memory | None = None) -> None:
    case = program_case(seed, machine.engine.target)
    if memory is not None:
        case = replace(case, title=f"{case.title}, {memory.model}", memory=memory.model, pauses_seed=None)
    _check(machine, case, tally)
    tally.run += 1


def _check(machine: Machine, case: Case, tally: Tally) -> None:
    try:
        tally.add(machine.check(case))
    except Exception as error:  # as above
        tally.differences.append(f"{case.title}: an engine stops with {type(error).__name__}: {error}")
