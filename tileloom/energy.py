"""The energy model as the verbs use it: joules of a frame, and of each layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.counts import Counts


@dataclass(frozen=True)
class FrameEnergy:
    """Joules of a frame, and a sentence on what the figure rests on."""

    joules: float
    basis: str


def frame_energy(program: Program, counted: Result, cycles: int) -> FrameEnergy | None:
    """Energy of a frame; None where there is no model for the target."""
    return None


def layer_energies(program: Program, events: Mapping[int, Counts]) -> dict[int, float]:
    """Joules by tag."""
    return {}
