"""WEIGHTS: a linear run of memory into weight rings."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tileloom.hw.spec import isa
from tileloom.sim.functional.buffers import no_room

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
                    tiles = machine.tiles_of(weights.mask << (part * weights.part_shift))
                    rings = [tile.weights for tile in tiles]
                    for tile in tiles:
                        while missing := tile.weights.missing(weights.words):
                            title = f"stream W (WEIGHTS tag {weights.tag}, repeat {repeat}, portion {portion})"
                            yield f"{title} waits for {no_room(tile.number, missing)}"
                    space.check(address, address + weights.beats * port_bytes)
                    data = space.read_run(address, weights.words * word_bytes)
                    for ring in rings:
                        ring.reserved += weights.words
                        ring.write(np.arange(weights.words), data.reshape(len(data), weights.words, word))
                        ring.head += weights.words
                    address += weights.beats * port_bytes
                    machine.advanced()
        machine.weights_queue.finish()
