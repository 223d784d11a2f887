"""WEIGHTS: a linear run of memory into weight rings."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tileloom.hw.spec import isa

if TYPE_CHECKING:
    from tileloom.sim.functional.machine import Machine


def weights_engine(machine: "Machine") -> Iterator[str]:
    """The W unit: executes WEIGHTS in order; yields what it waits for."""
    word_bytes, port_bytes = machine.target.word_bytes, machine.target.port_bytes
    word = machine.target.lanes * machine.target.columns
    while True:
        while not machine.weights_queue.has_next:
            yield ""
        weights = machine.weights_queue.take(isa.Weights)
        space = machine.spaces[weights.space]
        for repeat in range(weights.repeats):
            address = weights.address
            for portion in range(weights.portions):
                for part in range(weights.parts):
                    rings = [t.weights for t in machine.tiles_of(weights.mask << (part * weights.part_shift))]
                    while full := [ring.name for ring in rings if not ring.has_room(weights.words)]:
                        yield (
                            f"WEIGHTS tag {weights.tag}, repeat {repeat}, portion {portion}: "
                            f"room for {weights.words} words in {', '.join(full)}"
                        )
                    space.check(address, address + weights.beats * port_bytes)
                    data = space.read_run(address, weights.words * word_bytes)
                    for ring in rings:
                        ring.reserved += weights.words
                        ring.write(np.arange(weights.words), data.reshape(len(data), weights.words, word))
                        ring.head += weights.words
                    address += weights.beats * port_bytes
                    machine.advanced()
        machine.weights_queue.finish()
