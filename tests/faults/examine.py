"""One faulty machine on the trials, up to the first one that shows the fault; run as a process of its own.

Usage: ``python -m tests.faults.examine NAME`` prints the finding as JSON. A machine that is broken badly may hang or
crash, and then only this process does. The name ``none`` runs every trial on the machine without a fault.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.fault import Fault, FaultKind, planted_faults
from tests.faults.faulty_build import faulty_library
from tests.faults.full_log_trial import full_log_trial
from tests.faults.trials import Trial, program_trials
from tileloom.hw.build import build
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.sim.rtl.engine import RtlEngine
from tileloom.sim.rtl.library import RtlError
from tileloom.verification import ProgramRun, Verification, compare

NO_FAULT = "none"
PATIENCE = 4
"""A machine may take so many times the simulated cycles, and the watchdog's, before it counts as hung."""


@dataclass(frozen=True)
class Finding:
    """What a fault was found by, in the words of the comparison; empty where it was not found."""

    name: str
    trial: str = ""
    trials: int = 0
    """Trials that were run."""
    job: str = ""
    """The first job whose trace differs: layer, frame, tile, tag, start and end on both sides."""
    element: str = ""
    """The first element that differs: layer, tensor, place, both values."""
    mismatches: int = 0
    elements: int = 0
    """Elements compared in that trial."""
    stopped: str = ""
    """Why the last trial that did not come to its end did not."""


def trials(target: Target, kind: FaultKind) -> Iterator[Trial]:
    """For arithmetic the network first, since its layers have names; then random programs, then a full log."""
    if kind is FaultKind.ARITHMETIC:
        from tests.faults.network_trial import network_trial  # late: it loads all of PyTorch

        yield network_trial(target)
    yield from program_trials(target)
    yield full_log_trial(target)


def examine(fault: Fault, library: Path) -> Finding:
    """The first trial that shows what the fault's kind spoils: a job for timing, an element for arithmetic."""
    finding = Finding(fault.name)
    with _machines(library) as fresh:
        for number, trial in enumerate(trials(load_target(fault.target), fault.kind), 1):
            verification = verified(fresh, trial)
            if isinstance(verification, str):
                finding = Finding(fault.name, trials=number, stopped=f"{trial.title}: {verification}")
                continue
            found = described(fault.name, trial.title, number, verification, finding.stopped)
            if found.job if fault.kind is FaultKind.TIMING else found.element:
                return found
    return finding


def examine_sound(target: str, count: int | None = None) -> list[str]:
    """Every difference that the trials (the first ``count``) show on the machine as it is: none."""
    wrong = []
    with _machines(build(load_target(target)).library) as fresh:
        for number, trial in enumerate(trials(load_target(target), FaultKind.ARITHMETIC), 1):
            verification = verified(fresh, trial)
            if isinstance(verification, str):
                wrong.append(f"{target}, {trial.title}: {verification}")
            elif verification.mismatches or verification.first_trace or verification.timing:
                first = verification.first_element or verification.first_trace or verification.timing[0]
                wrong.append(f"{target}, {trial.title}: {first}")
            if number == count:
                break
    return wrong


class Machines:
    """A machine for each trial: the same as long as it comes to its ends, else another one."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.engine = RtlEngine(library)

    def run(self, trial: Trial) -> Result | str:
        """The result, or why there is none."""
        target = trial.program.target
        limit = PATIENCE * (max(frame.cycles for frame in trial.cycle.frames) + target.watchdog_cycles)
        stopped = ""
        try:
            result = self.engine.run(trial.program, trial.inputs, taps=trial.with_taps, cycle_limit=limit)
        except RtlError as error:
            stopped = str(error)
        else:
            if result.error is Error.NONE:
                return result
            stopped = f"halted with {result.error.name} at word {result.program_counter}"
        self.engine.close()
        self.engine = RtlEngine(self.library)
        return stopped


@contextmanager
def _machines(library: Path) -> Iterator[Machines]:
    machines = Machines(library)
    try:
        yield machines
    finally:
        machines.engine.close()


def verified(machines: Machines, trial: Trial) -> Verification | str:
    """The comparison that ``tileloom verify`` makes, or why the machine did not come to the end."""
    result = machines.run(trial)
    if isinstance(result, str):
        return result
    run = ProgramRun(trial.program, trial.with_taps, trial.functional, trial.cycle, result)
    return compare("the other engines", trial.expected, (run,))


def described(name: str, title: str, number: int, found: Verification, stopped: str) -> Finding:
    """A comparison in words."""
    trace, element = found.first_trace, found.first_element
    return Finding(
        name,
        title,
        number,
        f"{trace.layer}: {trace}" if trace else "",
        f"{element.layer}: {element}" if element else "",
        found.mismatches,
        sum(comparison.elements for comparison in found.comparisons),
        stopped,
    )


def main(name: str) -> None:
    """Print the finding of one fault of the list, or what is wrong without one."""
    faults = planted_faults()
    if name == NO_FAULT:
        print(
            json.dumps(
                [line for target in sorted({f.target for f in faults.values()}) for line in examine_sound(target)]
            )
        )
    else:
        print(json.dumps(asdict(examine(faults[name], faulty_library(faults[name])))))


if __name__ == "__main__":
    main(*sys.argv[1:])
