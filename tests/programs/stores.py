"""Random STOREs of the slots of a set of tiles."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.programs.draw import Draw
from tests.programs.loads import TileSet
from tests.programs.memory_plan import MemoryPlan, Region
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.validate_job import pixels_of_group

Written = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Loop:
    """A loop over slots or runs: the instruction's fields for count and stride."""

    count_field: str
    stride_field: str
    count: int


def written_activations(job: isa.Job, target: Target) -> Written:
    """Which activations of a slot a unit of ``job`` writes."""
    written = np.zeros(target.slot_activations, np.bool_)
    results = pixels_of_group(job) // (job.pool_count if job.pool else 1)
    for group in range(job.groups):
        valid = job.last_valid if group == job.groups - 1 else target.columns
        places = np.arange(results)[:, None] * job.slot_pitch + group * job.slot_group + np.arange(valid)
        written[places.reshape(-1)] = True
    return written


def stores(plan: MemoryPlan, tiles: TileSet, job: isa.Job, slots: int) -> list[isa.Store]:
    """STOREs that take ``slots`` slots of every tile, in the order of units, then tiles."""
    draw = plan.draw
    made: list[isa.Store] = []
    while slots:
        count = slots if draw.chance(0.7) else draw.integer(1, slots)
        slots -= count
        outer = draw.divisor(count, count)
        made.append(_one(plan, tiles, job, outer, count // outer))
    return made


def _one(plan: MemoryPlan, tiles: TileSet, job: isa.Job, outer: int, inner: int) -> isa.Store:
    draw = plan.draw
    subparts = draw.divisor(tiles.count, tiles.count)
    store = isa.Store(
        tile=tiles.first,
        address=0,
        outer=outer,
        inner=inner,
        parts=tiles.count // subparts,
        part_tiles=tiles.step * subparts if subparts < tiles.count else draw.integer(-3, 3),
        subparts=subparts,
        subpart_tiles=tiles.step if subparts > 1 else draw.integer(-3, 3),
        **_runs(draw, job, plan.target),
    )
    if draw.chance(0.06):
        return replace(store, runs=0)
    loops = [
        Loop("outer", "outer_stride", outer),
        Loop("inner", "inner_stride", inner),
        Loop("parts", "part_stride", store.parts),
        Loop("subparts", "subpart_stride", store.subparts),
    ]
    return _place(plan, store, loops)


def _runs(draw: Draw, job: isa.Job, target: Target) -> dict[str, int]:
    """Runs that read written activations only."""
    written, width = written_activations(job, target), target.element_bytes
    for _ in range(20):
        longest = int(np.argmin(written)) if not written.all() else len(written)
        size = longest if draw.chance(0.5) else draw.divisor(longest, longest)
        pitch = draw.pick([size, job.slot_pitch, job.slot_pitch, job.slot_group, draw.integer(0, 2 * size)])
        most = 1 + (len(written) - size) // max(pitch, 1)
        runs = draw.pick([1, int(written.sum()) // size, draw.integer(1, 12)])
        if not 1 <= runs <= most:
            continue
        places = np.arange(runs)[:, None] * pitch + np.arange(size)
        if written[places].all():
            return {"runs": runs, "run_bytes": size * width, "run_slot": pitch}
    return {"runs": 1, "run_bytes": width, "run_slot": 0}


def _place(plan: MemoryPlan, store: isa.Store, loops: list[Loop]) -> isa.Store:
    """Strides that let no two runs overlap, in any nesting, with gaps in memory and none in the map buffer."""
    draw = plan.draw
    port = plan.target.port_bytes
    total = store.outer * store.inner * store.parts * store.subparts * store.runs * store.run_bytes
    to_map = draw.chance(0.25) and 0 < total <= plan.target.map_bytes
    runs = Loop("runs", "run_stride", store.runs)
    if draw.chance(0.5):  # slot by slot, in the order of the slots
        order = [runs, *reversed(loops)]
    else:
        order = [runs, *loops]
        order.sort(key=lambda _: draw.integer(0, 1000))
    strides, extent, low = {}, store.run_bytes, 0
    for loop in order:
        gap = 0 if to_map or draw.chance(0.5) or extent > 4000 else plan.draw_bytes(0, 2 * port)
        stride = extent + gap
        backwards = draw.chance(0.15) and order[0] is not runs
        strides[loop.stride_field] = -stride if backwards else stride
        reach = (loop.count - 1) * stride
        low -= reach if backwards else 0
        extent += reach
    address = plan.map_place(extent) if to_map else None
    space = int(isa.Space.MEMORY if address is None else isa.Space.MAP)
    if address is None:
        address = plan.output(extent)
    placed = replace(store, **strides, space=space, address=address - low)
    _remember(plan, placed, Region(space, address, extent), in_order=order == [runs, *reversed(loops)] and low == 0)
    return placed


def _remember(plan: MemoryPlan, store: isa.Store, region: Region, in_order: bool) -> None:
    """The region can be loaded from now on, whole or slot by slot."""
    slots = store.outer * store.inner * store.parts * store.subparts
    plan.stored += slots
    if plan.stored >= 1 << 15:  # what a wait can tell
        return
    region = replace(region, stored=plan.stored)
    steps = _distances(store)
    if in_order and slots > 1 and len(steps) == 1:
        size = (store.runs - 1) * store.run_stride + store.run_bytes
        region = replace(region, slots=slots, slot_stride=steps.pop(), slot_size=size)
    plan.readable.append(region)


def _distances(store: isa.Store) -> set[int]:
    """Distances of successive slots in memory."""
    shape = (store.outer, store.inner, store.parts, store.subparts)
    strides = (store.outer_stride, store.inner_stride, store.part_stride, store.subpart_stride)
    places = sum(i * stride for i, stride in zip(np.indices(shape), strides, strict=True))
    return {int(d) for d in np.diff(np.asarray(places).reshape(-1))}
