"""The best point on the RTL: built, run for a frame with data, and compared in everything that the point says."""

from dataclasses import dataclass

from tileloom.compilation import Compiled
from tileloom.compiler.problems import Problem
from tileloom.engine_name import EngineName
from tileloom.explore.point import Point, hash_of
from tileloom.explore.variant import Variant
from tileloom.frames import frames_for
from tileloom.hw.spec.config import target_from_dict
from tileloom.progress import Watch, unwatched
from tileloom.refusal import problem


@dataclass(frozen=True)
class BestVerified:
    """The first point of the front, compiled again and run on its RTL.

    ``elements`` were compared with the integer reference, ``mismatches`` of them differ. ``program_equal`` tells that
    the program is the point's, byte for byte; ``trace_equal`` that every job starts and ends as simulated, and
    ``stalls_equal`` the same of every tile's stalls by cause.
    """

    target_hash: str
    program_equal: bool
    elements: int
    mismatches: int
    cycles_simulated: int
    cycles_rtl: int | None
    trace_equal: bool | None
    stalls_equal: bool | None

    @property
    def is_equal(self) -> bool:
        """Nothing differs."""
        same = self.cycles_rtl == self.cycles_simulated and self.mismatches == 0 and self.elements > 0
        return bool(same and self.program_equal and self.trace_equal and self.stalls_equal)


def verify_best(
    point: Point, variant: Variant, seed: int, watch: Watch = unwatched
) -> tuple[BestVerified, tuple[Problem, ...]]:
    """Run one frame on the RTL of a point's target, as compiled and with taps; what differs is a problem (TL410)."""
    from tileloom.compiler.backend.compile import compile_graph
    from tileloom.verbs.verify import verify_document
    from tileloom.verification import verify_quantised

    target = target_from_dict(dict(point.target))
    program = compile_graph(variant.graph, target)
    made = Compiled(program, variant.quantised)
    frames = frames_for(made.inputs, None, 1, seed, variant.argument)
    found = verify_quantised(variant.quantised, program, frames, EngineName.RTL, watch)
    document = verify_document(variant.argument.name, made, frames, EngineName.RTL, found)
    checked = BestVerified(
        target_hash=point.target_hash,
        program_equal=hash_of(program.to_bytes()) == point.program_hash,
        elements=sum(each.elements for each in found.comparisons if each.engine == "RTL"),
        mismatches=found.mismatches,
        cycles_simulated=point.cycles or 0,
        cycles_rtl=document.cycles_rtl,
        trace_equal=document.trace_equal,
        stalls_equal=document.stalls_equal,
    )
    problems = document.problems
    if not checked.is_equal and not problems:
        rule = "the program and its cycles must be those of the point"
        value = f"{checked.cycles_rtl} cycles, the point has {checked.cycles_simulated}"
        problems = (problem("TL410", variant.argument.name, rule, value, "run it once more with --anew"),)
    return checked, problems
