"""What the engines made of a case: equal or not, in words that name the first differing job and element."""

from dataclasses import dataclass

from tests.equality.case import Case, with_window
from tests.equality.writers import byte_address, writer_of
from tileloom.comparison import ElementDifference
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.verification import ProgramRun, Verification, compare, stored

PAUSED_FACTOR = 3
PAUSED_SLACK = 1000
"""Random pauses stop each channel for a third of the time, in runs of up to 60 cycles: a frame then takes at most
``PAUSED_FACTOR`` times its cycles and ``PAUSED_SLACK`` more (1.5 times is the most that was seen)."""


@dataclass(frozen=True)
class Outcome:
    """What was compared in a case, and every difference, each in one sentence."""

    elements: int = 0
    jobs: int = 0
    cycles: int = 0
    """Cycles that the RTL ran."""
    differences: tuple[str, ...] = ()


def judge(case: Case, functional: Result, simulated: Result, hardware: Result) -> Outcome:
    """Compare the results of one case, all with the taps of :func:`with_window`."""
    for result in (functional, simulated, hardware):
        if result.error is not Error.NONE:
            halt = f"{result.engine} halts with {result.error.name} at word {result.program_counter}"
            return Outcome(differences=(f"{case.title}: {halt}",))
    if not len(simulated.frames) == len(hardware.frames) == case.frames:
        counts = f"{len(simulated.frames)} frames simulated, {len(hardware.frames)} on the RTL"
        return Outcome(differences=(f"{case.title}: {counts}, not {case.frames}",))
    program = with_window(case.program)
    paused = case.pauses_seed is not None
    run = ProgramRun(program, True, functional, None if paused else simulated, hardware)
    expected = {**stored(functional), **case.expected}
    verification = compare("the other engines", expected, (run,))
    found = [*_data(program, verification), *_timing(verification)]
    if paused:
        found += _bounds(simulated, hardware)
    return Outcome(
        elements=sum(comparison.elements for comparison in verification.comparisons),
        jobs=0 if paused else sum(len(frame.trace) for frame in hardware.frames),
        cycles=sum(frame.cycles for frame in hardware.frames),
        differences=tuple(f"{case.title}: {difference}" for difference in found),
    )


def _data(program: Program, found: Verification) -> list[str]:
    if found.first_element is None:
        return []
    element = found.first_element
    return [f"{found.mismatches} elements differ; the first: {element}{_made_by(program, element)}"]


def _made_by(program: Program, element: ElementDifference) -> str:
    tensor = next(t for t in (*program.taps, *program.outputs) if t.name == element.tensor)
    writer = writer_of(program, tensor.space, byte_address(tensor, element.channel, element.y, element.x))
    if writer is None:
        return ", which no STORE of the program writes"
    layer = next((job.name for job in program.jobs if job.tag == writer.tag), "")
    return f", made by {layer or 'the job'} (tag {writer.tag}, tile {writer.tile})"


def _timing(found: Verification) -> list[str]:
    differences = []
    if found.first_trace is not None:
        differences.append(f"the first job that differs is {found.first_trace.layer}: {found.first_trace}")
    if found.timing:
        shown = "; ".join(map(str, found.timing[:4]))
        differences.append(f"{len(found.timing)} counts of cycles differ: {shown}")
    return differences


def _bounds(simulated: Result, hardware: Result) -> list[str]:
    most = PAUSED_FACTOR * simulated.frames[0].cycles + PAUSED_SLACK
    return [
        f"frame {number} takes {frame.cycles} cycles under random pauses, more than {most}"
        for number, frame in enumerate(hardware.frames)
        if frame.cycles > most
    ]
