"""STORE: output slots to memory or to the map buffer."""

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from tileloom.hw.spec import isa

if TYPE_CHECKING:
    from tileloom.sim.functional.machine import Machine


def store_engine(machine: "Machine") -> Iterator[str]:
    """The O unit: executes STOREs in order; yields what it waits for."""
    while True:
        while not machine.store_queue.has_next:
            yield ""
        store = machine.store_queue.take(isa.Store)
        space = machine.spaces[store.space]
        count = store.run_bytes // machine.target.element_bytes
        for o, i, part, subpart in product(*map(range, (store.outer, store.inner, store.parts, store.subparts))):
            tile = machine.tiles[store.tile + part * store.part_tiles + subpart * store.subpart_tiles]
            while not tile.full_slots:
                title = f"stream O (STORE tag {store.tag}, outer {o}, inner {i})"
                yield f"{title} waits for an output slot of tile {tile.number} to be filled"
            slot = tile.slots[:, tile.full_slots.popleft()]
            address = store.address + o * store.outer_stride + i * store.inner_stride
            address += part * store.part_stride + subpart * store.subpart_stride
            for run in range(store.runs):
                first = address + run * store.run_stride
                space.check(first, first + store.run_bytes)
                space.write(first, slot[:, run * store.run_slot : run * store.run_slot + count])
            machine.stored += store.runs > 0
            machine.advanced()
        machine.store_queue.finish()
