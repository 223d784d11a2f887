"""Random programs that mean nothing but exercise every rule of timing: tokens match, so most of them end.

Unlike the programs of tests/programs they need not be valid in any other way (what is written where, overlaps), so
sizes and orders can be wilder.
"""

import random
from dataclasses import replace
from typing import TypeVar

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel, Target
from tileloom.hw.spec.program import Program

Transfer = TypeVar("Transfer", isa.Load, isa.Store)
STRIDES = ("band_stride", "block_stride", "run_stride", "part_stride", "outer_stride", "inner_stride", "subpart_stride")


def random_memory(rng: random.Random) -> MemoryModel:
    """Any latency; pauses in half of the cases."""
    period = rng.choice((0, 0, rng.randint(2, 12), rng.randint(13, 300)))
    return MemoryModel(
        read_latency=rng.choice((1, 2, rng.randint(3, 20), 40, rng.randint(20, 100))),
        write_latency=rng.choice((1, 2, 10, rng.randint(1, 80))),
        pause_period=period,
        pause_cycles=rng.randint(1, period - 1) if period else 0,
    )


def random_target(rng: random.Random) -> Target:
    """Any small machine: one tile to six, the narrowest buffers included."""
    port = rng.choice((4, 8, 16, 32, 64))
    lanes, columns = rng.choice(((8, 8), (16, 4), (5, 13), (25, 3), (64, 1)))
    beats = rng.choice([n for n in (2, 4, 8, 16, 64) if n * port <= 4096])
    staging = rng.choice((2, 2, 4, 8))
    banks = 64 if lanes > 32 else 32 if lanes > 16 else 16
    while staging * beats * port < 4 * banks:
        staging *= 2
    return Target(
        name="any",
        tiles_x=rng.randint(1, 3),
        tiles_y=rng.randint(1, 2),
        lanes=lanes,
        columns=columns,
        port_bytes=port,
        window_banks=banks,
        window_bytes=rng.choice((1024, 2048, 8192)),
        weight_words=rng.randint(16, 300),
        slot_bytes=1024,
        residual_bytes=rng.choice((0, 256, 1024)),
        map_bytes=rng.choice((0, beats * port, 64 * beats * port)),
        results_per_cycle=1,
        burst_beats=beats,
        staging_bursts=staging,
        outstanding=rng.choice((1, 1, 2, 3, 4, 16)),
        segments=rng.choice((0, 8)),
        local_lines=rng.random() < 0.7,
    )


class Writer:
    """Writes rounds of transfers and jobs whose tokens match."""

    def __init__(self, rng: random.Random, target: Target) -> None:
        self.rng = rng
        self.target = target
        self.instructions: list[isa.Instruction] = [isa.Begin(target_hash=target.hash)]
        self.tag = 0
        self.stores = 0

    def whole(self, transfer: Transfer) -> Transfer:
        """The same in activations of the target's size: addresses and strides cut to them, runs of as many."""
        size = self.target.element_bytes
        values = {name: getattr(transfer, name) for name in ("address", *STRIDES) if hasattr(transfer, name)}
        cut = {name: value // size * size for name, value in values.items()}
        return replace(transfer, run_bytes=transfer.run_bytes * size, **cut)

    def space(self) -> int:
        return self.rng.choice((0, 0, 1)) if self.target.map_bytes else 0

    def load(self, mask: int, tiles: int, total: int, destination: int) -> isa.Load:
        """A LOAD that moves the heads of ``tiles`` tiles from bit ``mask`` on by ``total`` in all."""
        rng, target = self.rng, self.target
        size = target.residual_activations if destination else target.window_activations
        bands = rng.choice([d for d in range(1, 13) if total % d == 0 and total // d <= size // 2] or [total])
        spread = tiles > 1 and rng.random() < 0.4
        take = rng.randint(1, target.window_banks)
        last = rng.randint(1, target.window_banks)
        elements = rng.choice((1, 2, rng.randint(1, 40)))
        per_run = rng.choice((1, 1, rng.randint(1, 5)))
        rows = per_run * rng.choice((0, 1, 1, 2, rng.randint(0, 6)))
        waits = self.stores > 0 and rng.random() < 0.4
        after = rng.randint(0, self.stores)
        load = isa.Load(
            tag=self.tag,
            mask=(1 << mask) if spread else ((1 << tiles) - 1) << mask,
            parts=tiles if spread else 1,
            part_shift=1 if spread else 0,
            part_stride=rng.randint(0, 500),
            address=rng.randint(0, 5000),
            destination=destination,
            space=self.space(),
            wait=int(waits),
            after=after,
            after_step=rng.randint(0, (self.stores - after) // bands) if waits else 0,
            bands=bands,
            band_stride=rng.randint(0, 3000),
            advance=total // bands,
            blocks=rng.choice((1, 1, 2, 3)),
            block_stride=rng.randint(0, 900),
            rows_before=rng.choice((0, 0, 1, 2)),
            rows=rows,
            rows_after=rng.choice((0, 0, 1)) + (rows == 0),
            rows_per_run=per_run,
            run_bytes=per_run * ((elements - 1) * take + last) + rng.choice((0, 0, rng.randint(0, 20))),
            run_stride=rng.randint(0, 700),
            elements=elements,
            take=take,
            write=rng.choice((take, rng.randint(1, take))),
            last_take=last,
            last_write=rng.choice((last, rng.randint(1, last))),
            pad_left=rng.choice((0, 0, 1, 3)),
            pad_right=rng.choice((0, 0, 1, 2)),
            pad_write=1,
        )
        return self.whole(load)

    def weights(self, mask: int, tiles: int, total: int) -> isa.Weights:
        rng, target = self.rng, self.target
        limit = target.weight_words // 2
        pieces = rng.choice([d for d in range(1, 9) if total % d == 0 and total // d <= limit] or [total])
        repeats = rng.choice([d for d in range(1, pieces + 1) if pieces % d == 0])
        spread = tiles > 1 and rng.random() < 0.3
        words = total // pieces
        return isa.Weights(
            tag=self.tag,
            mask=(1 << mask) if spread else ((1 << tiles) - 1) << mask,
            parts=tiles if spread else 1,
            part_shift=1,
            address=rng.randint(0, 300) * target.port_bytes,
            space=self.space(),
            repeats=repeats,
            portions=pieces // repeats,
            words=words,
            beats=-(-words * target.word_bytes // target.port_bytes),
        )

    def job(self, mask: int, tiles: int, outer: int, inner: int, **flags: int) -> tuple[isa.Job, int, int]:
        """A JOB, and the activations of the window and weight words that it uses up."""
        rng, target = self.rng, self.target
        step = rng.randint(0, min(300, target.window_activations // 8))
        behind = rng.randint(0 if step * inner else 1, min(200, target.window_activations // 8))
        words = rng.randint(0, target.weight_words // 16)
        words_behind = rng.randint(0 if words * inner else 1, target.weight_words // 16)
        rewinds = rng.random() < 0.3
        job = isa.Job(
            tag=self.tag,
            mask=((1 << tiles) - 1) << mask,
            **flags,
            outer=outer,
            inner=inner,
            window_span=step + behind,
            window_inner=step,
            window_outer=behind,
            window_free_inner=step,
            window_free_outer=behind,
            weights_span=words * (inner if rewinds else 1) + words_behind,
            weights_inner=0 if rewinds else words,
            weights_outer=words_behind + (words * inner if rewinds else 0),
            weights_free_inner=words,
            weights_free_outer=words_behind,
            residual_span=rng.randint(1, target.residual_activations // 8) if flags.get("add") else 0,
            steps=rng.randint(1, 8),
            step_window=1,
            kernel_x=rng.randint(1, 2),
            slices=rng.choice((1, 1, 2)),
            idle=rng.choice((0, 0, 3)),
            pixels_x=rng.choice((1, 1, 2, 5)),
            pixels_y=rng.choice((1, 1, 3)),
            sub_x=rng.choice((1, 1, 2)),
            groups=rng.choice((1, 1, 2)),
            group_words=1,
            slot_pitch=1,
            last_valid=1,
        )
        return job, outer * (inner * step + behind), outer * (inner * words + words_behind)

    def store(self, tile: int, tiles: int, outer: int, inner: int) -> list[isa.Instruction]:
        rng = self.rng
        runs = rng.choice((0, 1, 1, 2, 3))
        subparts = tiles if rng.random() < 0.3 else 1
        first = isa.Store(
            tag=self.tag,
            tile=tile,
            space=self.space(),
            address=rng.randint(0, 3000),
            outer=outer,
            outer_stride=rng.randint(0, 500),
            inner=inner,
            inner_stride=rng.randint(0, 500),
            parts=tiles // subparts,
            part_tiles=1,
            part_stride=rng.randint(0, 300),
            subparts=subparts,
            subpart_tiles=1,
            runs=runs,
            run_bytes=rng.choice((1, rng.randint(1, 30), rng.randint(1, 600))),
            run_stride=rng.randint(0, 400),
        )
        self.stores += outer * inner * tiles if runs else 0
        return [self.whole(first)]

    def round(self) -> None:
        """Some tiles side by side, fed and emptied for one job; sometimes with partial sums to the next tile."""
        rng, target = self.rng, self.target
        self.tag += 1
        tile = rng.randrange(target.tiles)
        tiles = rng.randint(1, target.tiles - tile)
        outer, inner = rng.choice((1, 2, 3, rng.randint(1, 8))), rng.choice((1, 1, 2, 4))
        chunked = int(rng.random() < 0.3)
        chain = target.local_lines and tiles > 1 and rng.random() < 0.5
        jobs: list[tuple[int, int, dict[str, int]]] = [(tile, tiles, {})]
        if chain:
            jobs = [
                (t, 1, {"to_neighbour": int(t < tile + tiles - 1), "from_neighbour": int(t > tile)})
                for t in range(tile, tile + tiles)
            ]
            chunked = 0
        before: list[isa.Instruction] = []
        after: list[isa.Instruction] = []
        for first, count, flags in jobs:
            add = int(bool(target.residual_bytes) and rng.random() < 0.4)
            job, window, words = self.job(first, count, outer, inner, chunked=chunked, add=add, **flags)
            before.append(self.load(first, count, window, isa.Destination.WINDOW))
            before.append(self.weights(first, count, words))
            finished = outer * (1 if chunked else inner)
            if add and not job.to_neighbour and job.residual_span:
                before.append(self.load(first, count, finished * job.residual_span, isa.Destination.RESIDUAL))
            after.append(job)
            if not job.to_neighbour:
                after += self.store(first, count, outer, 1 if chunked else inner)
        rng.shuffle(before)
        if rng.random() < 0.5:
            rng.shuffle(after)
        self.instructions += before + after
        if rng.random() < 0.15:
            self.instructions.append(isa.Barrier(tag=self.tag))
        if target.segments and rng.random() < 0.15:
            mask = rng.randint(1, (1 << target.tiles) - 1)
            zeros = (0,) * target.segments
            self.instructions.append(isa.Table(tag=self.tag, mask=mask, slopes=zeros, offsets=zeros))


def random_timing_program(seed: int, target: Target, rounds: int) -> Program:
    """A program of so many rounds."""
    writer = Writer(random.Random(seed), target)
    for _ in range(rounds):
        writer.round()
    instructions = (*writer.instructions, isa.End(tag=writer.tag))
    return Program(
        name=f"timing{seed}",
        target=target,
        instructions=instructions,
        weights=b"",
        weights_address=0,
        memory_bytes=1 << 20,
        inputs=(),
        outputs=(),
        instruction_address=writer.rng.randint(0, 100) * target.port_bytes,
    )
