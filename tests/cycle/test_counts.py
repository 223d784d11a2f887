"""Event counts against plain walks through every loop of every instruction."""

from collections import Counter
from itertools import product

import pytest

from tests.programs.random_program import random_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target
from tileloom.sim.cycle.counts import count_events, total_events
from tileloom.sim.cycle.simulate import simulate


def tiles(mask: int, target: Target) -> int:
    return (mask & (1 << target.tiles) - 1).bit_count()


def beats(address: int, size: int, target: Target) -> int:
    return len(range(address // target.port_bytes, (address + size - 1) // target.port_bytes + 1))


def walk_load(load: isa.Load, target: Target, found: Counter[str]) -> None:
    log = "residual" if load.destination else "window"
    for band, part, block in product(range(load.bands), range(load.parts), range(load.blocks)):
        reached = tiles(load.mask << part * load.part_shift, target)
        for row in range(load.rows_before + load.rows + load.rows_after):
            inner = row - load.rows_before
            if 0 <= inner < load.rows and inner % load.rows_per_run == 0:
                start = load.address + band * load.band_stride + part * load.part_stride + block * load.block_stride
                start += inner // load.rows_per_run * load.run_stride
                name = "map_bytes_read" if load.space else "memory_activation_bytes"
                found[name] += beats(start, load.run_bytes, target) * target.port_bytes
            sizes = [load.pad_write] * load.pad_left + [load.write] * (load.elements - 1) + [load.last_write]
            sizes += [load.pad_write] * load.pad_right
            found["elements"] += len(sizes)
            found[f"{log}_bytes_written"] += sum(sizes) * target.element_bytes * reached


def walk_weights(weights: isa.Weights, target: Target, found: Counter[str]) -> None:
    for _, _, part in product(range(weights.repeats), range(weights.portions), range(weights.parts)):
        name = "map_bytes_read" if weights.space else "memory_weight_bytes"
        found[name] += weights.beats * target.port_bytes
        found["weight_line_bytes"] += weights.beats * target.port_bytes
        reached = tiles(weights.mask << part * weights.part_shift, target)
        found["weight_bytes_loaded"] += weights.words * target.word_bytes * reached


def walk_store(store: isa.Store, target: Target, found: Counter[str]) -> None:
    loops = (store.outer, store.inner, store.parts, store.subparts, store.runs)
    strides = (
        store.outer_stride,
        store.inner_stride,
        store.part_stride,
        store.subpart_stride,
        store.run_stride,
    )
    for place in product(*(range(n) for n in loops)):
        start = store.address + sum(i * stride for i, stride in zip(place, strides, strict=True))
        count = beats(start, store.run_bytes, target)
        found["slot_beats_read"] += count
        found["map_bytes_written" if store.space else "memory_result_bytes"] += count * target.port_bytes


def walk_job(job: isa.Job, target: Target, found: Counter[str]) -> None:
    for _, inner in product(range(job.outer), range(job.inner)):
        first, last = not job.chunked or inner == 0, not job.chunked or inner == job.inner - 1
        for group in range(job.groups):
            found["constant_words"] += target.constant_words
            found["weight_words_read"] += target.constant_words
            written = job.last_valid if group == job.groups - 1 else target.columns
            pixels = job.pixels_y * job.pixels_x * job.sub_y * job.sub_x
            for pixel in range(pixels):
                for _ in product(range(job.slices), range(job.kernel_y), range(job.kernel_x), range(job.steps)):
                    found["active_steps"] += 1
                    found["weight_words_read"] += job.mode != isa.Mode.MAXIMUM
                found["idle_cycles"] += job.idle
                found["accumulator_reads"] += (not first) + job.from_neighbour
                found["accumulator_writes"] += (not last) or job.to_neighbour
                found["entries_sent"] += last and job.to_neighbour
                if not last or job.to_neighbour:
                    continue
                found["results"] += target.columns
                found["table_lookups"] += target.columns * job.table
                found["residual_bytes_read"] += target.columns * job.add * target.element_bytes
                count = job.pool_count if job.pool else 1
                found["slot_bytes_written"] += written * target.element_bytes if pixel % count == count - 1 else 0


def walk(instructions: tuple[isa.Instruction, ...], target: Target) -> dict[str, int]:
    found: Counter[str] = Counter()
    for instruction in instructions:
        words = len(isa.encode(instruction))
        found["configuration_words"] += words
        found["memory_program_bytes"] += 4 * words
        match instruction:
            case isa.Load():
                walk_load(instruction, target, found)
            case isa.Weights():
                walk_weights(instruction, target, found)
            case isa.Store():
                walk_store(instruction, target, found)
            case isa.Job():
                for _ in range(tiles(instruction.mask, target)):
                    walk_job(instruction, target, found)
    return dict(found)


@pytest.mark.parametrize("name", ["default", "small", "odd", "mac25", "small16"])
def test_counts(name: str) -> None:
    target = load_target(name)
    for seed in range(12):
        program = random_program(seed, target, 5)
        counts = count_events(program.instructions, target)
        found = {key: value for key, value in total_events(counts).items() if value}
        assert found == {key: value for key, value in walk(program.instructions, target).items() if value}, seed
        assert total_events(counts) == simulate(program).events
        for tag, part in counts.items():
            own = tuple(instruction for instruction in program.instructions if instruction.tag == tag)
            walked = walk(own, target)
            assert all(getattr(part, key) == value for key, value in walked.items()), (seed, tag)
