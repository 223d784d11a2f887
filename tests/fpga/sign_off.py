"""`make netlist`: the synthesised netlists against the other engines, and how many of their mutations are noticed.

Usage: ``python -m tests.fpga.sign_off [--target NAME] [--seed N] [FAMILY ...]``. For every family the netlist runs the
digits network and LeNet-5 as `tileloom verify` does. Then 20 single-cell mutations, one at a time, run a digit, and
random programs until one shows a difference. They are drawn by the printed seed from cells whose output toggles in the
digit's run; one that would not change its cell's output there (a bit of a table that nobody reads) is passed over.
Exit status 1 if something differs without a mutation, or if fewer than 18 mutations are noticed.
"""

import argparse
import ctypes
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.full_log_trial import full_log_trial
from tests.faults.trials import Trial, program_trials
from tileloom import api
from tileloom.compilation import compiled
from tileloom.fpga.netlist.library import build_netlist, synthesise_netlist
from tileloom.fpga.netlist.mutation import Mutation, draw
from tileloom.fpga.netlist.verilog import MOST_MUTATIONS
from tileloom.fpga.synthesis import MODELLED
from tileloom.frames import frames_for
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.registers import Error
from tileloom.model_argument import find
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.sim.rtl.engine import RtlEngine
from tileloom.sim.rtl.library import RtlError
from tileloom.verification import stored

WANTED, NEEDED = 20, 18
"""Mutations that are tried, and how many of them must be noticed."""
NETWORKS = ("digits_modern", "lenet5")
MUTATED_ON = NETWORKS[0]
PROGRAMS = 60
"""Random programs."""
PATIENCE = 4
"""A mutated machine may take so many times the simulated cycles, and the watchdog's, before it counts as hung."""


@dataclass(frozen=True)
class Finding:
    """What a mutation of a cell does to the trials."""

    mutation: Mutation
    trial: str
    """The first that shows a difference; empty where none does."""
    difference: str


def digit_trial(target: Target, network: str = MUTATED_ON) -> Trial:
    """A network of the zoo on its first held-out digit."""
    argument = find(network)
    made = compiled(argument, target.name, None, None, 0, lambda *_: None)
    inputs = dict(frames_for(made.inputs, None, 1, 0, argument).codes)
    functional = run(made.program, inputs)
    timing = simulate(made.program)
    return Trial(network, made.program, inputs, dict(stored(functional)), False, functional, timing)


def trials(target: Target) -> list[Trial]:
    """What a mutated machine runs, the digit first."""
    return [digit_trial(target), *islice(program_trials(target), PROGRAMS), full_log_trial(target)]


def mutated(target: str, family: str, seed: int) -> Iterator[Finding]:
    """The first :data:`WANTED` mutations drawn by ``seed`` that act in cells whose output toggles, one after another.

    Raises ``ValueError`` where the machine differs with all mutations switched off, or too few of the cells toggle.
    """
    machine = load_target(target)
    work = trials(machine)
    drawn = draw(synthesise_netlist(machine, family, progress=_say), MOST_MUTATIONS, seed)
    library = build_netlist(machine, family, drawn, progress=_say).library
    switch = Switch(library)
    switch.select(0)
    acting = (1 << len(drawn)) - 1
    for number, each in enumerate(work):
        unwanted = difference(library, each)
        if unwanted:
            raise ValueError(f"the {family} netlist differs without a mutation on {each.title}: {unwanted}")
        if number == 0:
            acting &= switch.toggled() & switch.reached()
    chosen = [(number, each) for number, each in enumerate(drawn, 1) if acting >> number - 1 & 1][:WANTED]
    if len(chosen) < WANTED:
        raise ValueError(f"{len(chosen)} of {len(drawn)} drawn mutations act in the run; {WANTED} must")
    for number, mutation in chosen:
        switch.select(number)
        found = ((each.title, difference(library, each)) for each in work)
        yield Finding(mutation, *next((pair for pair in found if pair[1]), ("", "")))
    switch.select(0)


class Switch:
    """The mutations of a library: which one acts, and what the cells have done since it was chosen."""

    def __init__(self, library: Path) -> None:
        self._functions = ctypes.CDLL(str(library))
        self._functions.tileloom_toggled.restype = ctypes.c_uint64
        self._functions.tileloom_reached.restype = ctypes.c_uint64

    def select(self, number: int) -> None:
        """Switch on the mutation of that number, counted from 1; 0 is none."""
        self._functions.tileloom_select(ctypes.c_int(number))

    def toggled(self) -> int:
        """A bit for every mutation whose cell's output was both 0 and 1 while the machine ran."""
        return int(self._functions.tileloom_toggled())

    def reached(self) -> int:
        """A bit for every mutation that would have changed its cell's output, or what its register takes."""
        return int(self._functions.tileloom_reached())


def difference(library: Path, work: Trial) -> str:
    """How a run differs from the simulators': in its status, its elements or its cycles; empty if it does not."""
    limit = PATIENCE * (max(frame.cycles for frame in work.cycle.frames) + work.program.target.watchdog_cycles)
    try:
        with RtlEngine(library) as engine:
            result = engine.run(work.program, work.inputs, cycle_limit=limit)
    except RtlError as error:
        return f"status: {str(error).partition(':')[0]}"
    if result.error is not Error.NONE:
        return f"status: {result.error.name}"
    wrong = sum(int((codes != work.expected[name]).sum()) for name, codes in result.outputs.items())
    if wrong:
        return f"elements: {wrong} of {sum(codes.size for codes in result.outputs.values())}"
    if result.frames != work.cycle.frames:
        return f"cycles: {result.frames[0].cycles} instead of {work.cycle.frames[0].cycles}, or a job's or stall's"
    return ""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _compared(target: str, family: str) -> bool:
    """Both networks through `verify`; prints what it finds."""
    fine = True
    for network in NETWORKS:
        document = api.verify(network, target=target, engine="netlist", family=family, frames=1)
        print(f"{family}, {network} on {target}: {document.verdict()}", flush=True)
        fine &= not document.problems
    return fine


def main() -> int:
    """Print what was compared and the table of mutations."""
    parser = argparse.ArgumentParser(description="Sign-off of the synthesised netlists.")
    parser.add_argument("families", nargs="*", default=[*MODELLED], metavar="FAMILY")
    parser.add_argument("--target", default="small")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    fine = True
    for family in arguments.families:
        fine &= _compared(arguments.target, family)
        found = list(mutated(arguments.target, family, arguments.seed))
        title = f"{family}: mutations drawn by seed {arguments.seed}"
        table = Table("cell", "mutation", "first noticed in", "by", title=title)
        for finding in found:
            mutation = finding.mutation
            table.add_row(mutation.cell[-60:], str(mutation), finding.trial or "SURVIVES", finding.difference)
        Console(width=180).print(table)
        noticed = sum(bool(finding.trial) for finding in found)
        print(f"{family}: {noticed} of {len(found)} mutations noticed, at least {NEEDED} must be", flush=True)
        fine &= noticed >= NEEDED
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
