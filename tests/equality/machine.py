"""One RTL machine on which cases run one after another, as on a chip: without a reset between them."""

from pathlib import Path

from tests.equality.case import WINDOW, Case, with_window, without
from tests.equality.judgement import PAUSED_FACTOR, PAUSED_SLACK, Outcome, judge
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.sim.rtl.engine import RtlEngine
from tileloom.sim.rtl.library import RtlError

FILL = 0x5A
"""What buffers hold at the start of a second functional run; bytes of memory that then differ are undefined."""


class Machine:
    """The machine of a library; a new one takes its place only when a case hangs it or breaks its bus."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.engine = RtlEngine(library)

    def check(self, case: Case) -> Outcome:
        """Run a case on the functional and the cycle simulator and on the RTL, and compare."""
        program = with_window(case.program)
        functional = run(program, case.inputs, taps=True)
        try:
            simulated = simulate(program, case.memory, case.frames)
        except Deadlock as stopped:
            return Outcome(differences=(f"{case.title}: the cycle simulator stops: {stopped}",))
        hardware = self._run(case, simulated)
        if isinstance(hardware, str):
            return Outcome(differences=(f"{case.title}: {hardware}",))
        if case.padded and functional.error is hardware.error is Error.NONE:
            undefined = functional.taps[WINDOW] != run(program, case.inputs, taps=True, fill=FILL).taps[WINDOW]
            functional, hardware = without(functional, undefined), without(hardware, undefined)
        return judge(case, functional, simulated, hardware)

    def close(self) -> None:
        """Free the machine."""
        self.engine.close()

    def _run(self, case: Case, simulated: Result) -> Result | str:
        """The RTL's result, or why there is none."""
        expected = max((frame.cycles for frame in simulated.frames), default=0)
        limit = 2 * PAUSED_FACTOR * expected + 2 * PAUSED_SLACK
        program = with_window(case.program)
        try:
            return self.engine.run(program, case.inputs, case.memory, case.pauses_seed, taps=True, cycle_limit=limit)
        except RtlError as error:
            self.engine.close()
            self.engine = RtlEngine(self.library)
            return f"{error} (simulated: {expected} cycles)"
