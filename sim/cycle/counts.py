"""How often everything happens in a frame: the counts that the energy model multiplies; timing does not enter."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.sim.cycle.masks import tiles_of


@dataclass
class Counts:
    """Events of the instructions with one tag, all tiles together. Bytes on buses count whole beats."""

    active_steps: int = 0
    """Steps of the MAC arrays: one window read each, all lanes and columns at work."""
    weight_words_read: int = 0
    """Reads of the weight rings: steps (not of MAXIMUM) and constants."""
    constant_words: int = 0
    """Of these, constants."""
    idle_cycles: int = 0
    """Cycles inside units without a step."""
    accumulator_reads: int = 0
    """Entries of accumulator memory read, `columns` sums each."""
    accumulator_writes: int = 0
    entries_sent: int = 0
    """Entries of `columns` sums that go over local lines to the next tile."""
    results: int = 0
    """Sums requantised, before pooling; columns that are not written in the last group included."""
    table_lookups: int = 0
    residual_bytes_read: int = 0
    slot_bytes_written: int = 0
    window_bytes_written: int = 0
    """Into window buffers, every tile of a mask counted."""
    residual_bytes_written: int = 0
    weight_bytes_loaded: int = 0
    """Into weight rings, every tile of a mask counted."""
    weight_line_bytes: int = 0
    """Of whole beats on the line of weights, counted once however many tiles take them."""
    elements: int = 0
    """Cycles of the loader in which it sends an element."""
    slot_beats_read: int = 0
    memory_program_bytes: int = 0
    memory_activation_bytes: int = 0
    memory_weight_bytes: int = 0
    memory_result_bytes: int = 0
    """Bytes written to memory; the other three are read."""
    map_bytes_read: int = 0
    map_bytes_written: int = 0
    configuration_words: int = 0
    """Words that the sequencer popped."""


def count_events(instructions: Sequence[isa.Instruction], target: Target) -> dict[int, Counts]:
    """Counts by tag; the program's own words are counted with the instruction that they belong to."""
    found: dict[int, Counts] = {}
    for instruction in instructions:
        counts = found.setdefault(instruction.tag, Counts())
        words = isa.words_of(type(instruction))
        match instruction:
            case isa.Load():
                _load(instruction, target, counts)
            case isa.Weights():
                _weights(instruction, target, counts)
            case isa.Store():
                _store(instruction, target, counts)
            case isa.Job():
                _job(instruction, target, counts)
            case isa.Table():
                words += 2 * len(instruction.slopes)
        counts.configuration_words += words
        counts.memory_program_bytes += 4 * words
    return found


def total_events(counts: dict[int, Counts]) -> dict[str, int]:
    """The sums over all tags."""
    return {f.name: sum(getattr(c, f.name) for c in counts.values()) for f in fields(Counts)}


def _load(load: isa.Load, target: Target, counts: Counts) -> None:
    rows = load.rows_before + load.rows + load.rows_after
    pads = load.pad_left + load.pad_right
    row = (load.elements - 1) * load.write + load.last_write + pads * load.pad_write
    chunk = load.blocks * rows * row * target.element_bytes
    reached = sum(len(tiles_of(load.mask << p * load.part_shift, target.tiles)) for p in range(load.parts))
    if load.destination == isa.Destination.WINDOW:
        counts.window_bytes_written += load.bands * reached * chunk
    else:
        counts.residual_bytes_written += load.bands * reached * chunk
    counts.elements += load.bands * load.parts * load.blocks * rows * (load.elements + pads)
    if not load.rows:
        return
    strides = (
        (load.bands, load.band_stride),
        (load.parts, load.part_stride),
        (load.blocks, load.block_stride),
        (load.rows // load.rows_per_run, load.run_stride),
    )
    size = _all_runs(load.address, strides, load.run_bytes, target)
    if load.space:
        counts.map_bytes_read += size
    else:
        counts.memory_activation_bytes += size


def _all_runs(address: int, loops: Sequence[tuple[int, int]], size_bytes: int, target: Target) -> int:
    """Bytes of the whole beats of runs at every combination of loops; they depend on the address in its beat alone."""
    width = target.port_bytes
    phases = {address % width: 1}
    for count, stride in loops:
        moved: dict[int, int] = {}
        period = next(n for n in range(1, width + 1) if n * stride % width == 0)
        for i in range(min(count, period)):
            times = len(range(i, count, period))
            for phase, number in phases.items():
                key = (phase + i * stride) % width
                moved[key] = moved.get(key, 0) + number * times
        phases = moved
    return sum(number * -(-(phase + size_bytes) // width) * width for phase, number in phases.items())


def _weights(weights: isa.Weights, target: Target, counts: Counts) -> None:
    portions = weights.repeats * weights.portions
    reached = sum(len(tiles_of(weights.mask << p * weights.part_shift, target.tiles)) for p in range(weights.parts))
    counts.weight_bytes_loaded += portions * reached * weights.words * target.word_bytes
    size = portions * weights.parts * weights.beats * target.port_bytes
    counts.weight_line_bytes += size
    if weights.space:
        counts.map_bytes_read += size
    else:
        counts.memory_weight_bytes += size


def _store(store: isa.Store, target: Target, counts: Counts) -> None:
    if not store.runs:
        return
    strides = (
        (store.outer, store.outer_stride),
        (store.inner, store.inner_stride),
        (store.parts, store.part_stride),
        (store.subparts, store.subpart_stride),
        (store.runs, store.run_stride),
    )
    size = _all_runs(store.address, strides, store.run_bytes, target)
    counts.slot_beats_read += size // target.port_bytes
    if store.space:
        counts.map_bytes_written += size
    else:
        counts.memory_result_bytes += size


def _job(job: isa.Job, target: Target, counts: Counts) -> None:
    tiles = len(tiles_of(job.mask, target.tiles))
    units = tiles * job.outer * job.inner
    pixels = job.groups * job.pixels_y * job.pixels_x * job.sub_y * job.sub_x
    steps = pixels * job.slices * job.kernel_y * job.kernel_x * job.steps
    constants = job.groups * target.constant_words
    counts.active_steps += units * steps
    counts.constant_words += units * constants
    counts.weight_words_read += units * (constants + (steps if job.mode != isa.Mode.MAXIMUM else 0))
    counts.idle_cycles += units * pixels * job.idle
    finished = tiles * job.outer * (1 if job.chunked else job.inner)
    between = units - finished if job.chunked else 0
    counts.accumulator_writes += between * pixels
    counts.accumulator_reads += between * pixels
    if job.from_neighbour:
        counts.accumulator_reads += units * pixels
    if job.to_neighbour:
        counts.accumulator_writes += finished * pixels
        counts.entries_sent += finished * pixels
        return
    sums = finished * pixels * target.columns
    counts.results += sums
    counts.table_lookups += sums if job.table else 0
    counts.residual_bytes_read += sums * target.element_bytes if job.add else 0
    written = (job.groups - 1) * target.columns + job.last_valid
    results = finished * pixels // job.groups // (job.pool_count if job.pool else 1)
    counts.slot_bytes_written += results * written * target.element_bytes
