"""Pacing: holding activations back until the weights of the first units are in, where both come from memory.

The memory serves activations before weights. A layer whose input fits the window would fetch all of it first, while the
tiles wait for weights. So the chunks that are not needed at once wait until the first slots are stored.
"""

from dataclasses import replace

from tileloom.compiler.backend.jobs import unit_cycles
from tileloom.compiler.backend.work import Work
from tileloom.hw.spec.config import Target

RUNWAY_CYCLES = 250
"""Computing that chunks already on their way must cover while the next ones wait: stores, then loads, take as long."""


def pace(work: Work, stored_before: int, target: Target) -> None:
    """Let late chunks of a layer wait for its own first slots; ``stored_before`` counts those of earlier layers.

    A chunk of round r only ever waits for slots of rounds before r, so that nothing can deadlock.
    """
    weight_bytes = sum(portion.beats for portion in work.portions) * target.port_bytes
    last_weights = max(portion.round for portion in work.portions)
    first_slots = sum(slot.round <= last_weights for slot in work.slots)
    if weight_bytes <= target.burst_bytes or not first_slots:
        return
    longest = max(unit_cycles(units[0].template, target) for units in work.units.values())
    free_until = last_weights + 1 + -(-RUNWAY_CYCLES // longest)
    after = stored_before + first_slots
    work.loads = [
        load if load.round < free_until else replace(load, after=max(load.after, after)) for load in work.loads
    ]
