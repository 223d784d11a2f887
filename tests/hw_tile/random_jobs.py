"""Random jobs of one tile that keep the rules of docs/architecture.md, and the data that they need."""

import random
from dataclasses import dataclass, replace

from tests.hw_tile.tile_reference import cycles_of, pixel_offsets, pixels_of, step_offsets, steps_of
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import ACCUMULATOR_REVISIT, emission_cycles


@dataclass
class Logs:
    """Where the generated jobs have brought a tile: how far bases are ahead of tails, how much data they need."""

    window_base: int = 0
    window_tail: int = 0
    window_end: int = 0
    """Bytes that the log must have held in all."""
    word_base: int = 0
    word_tail: int = 0
    word_end: int = 0
    residual_end: int = 0


class JobMaker:
    """Makes jobs one after the other.

    Parameters
    ----------
    chunks : whether jobs may be chunked; otherwise they may take and give partial sums
    """

    def __init__(self, target: Target, rng: random.Random, *, chunks: bool) -> None:
        self.target = target
        self.rng = rng
        self.chunks = chunks or not target.local_lines
        self.logs = Logs()

    def job(self, tag: int) -> isa.Job:
        """The next job; most attempts break some rule and are thrown away."""
        for _ in range(10_000):
            job = self._attempt(tag)
            after = self._follow(job) if job else None
            if job and after:
                self.logs = after
                return job
        raise AssertionError("no job found")

    def _few(self, most: int) -> int:
        return self.rng.choice([1, 1, self.rng.randint(1, most)])

    def _attempt(self, tag: int) -> isa.Job | None:
        rng, target = self.rng, self.target
        mode = rng.choice([isa.Mode.DENSE, isa.Mode.DENSE, *(isa.Mode if target.channelwise else ())])
        chunked = int(self.chunks and rng.random() < 0.3)
        neighbours = not self.chunks and mode != isa.Mode.MAXIMUM
        stride = {
            name: rng.choice([0, rng.randint(0, 12), rng.randint(-8, 40)])
            for name in ("step", "kernel_x", "kernel_y", "slice", "sub_x", "sub_y", "pixel_x", "pixel_y", "group")
        }
        job = isa.Job(
            tag=tag,
            mask=1,
            mode=mode,
            chunked=chunked,
            to_neighbour=int(neighbours and rng.random() < 0.4),
            from_neighbour=int(neighbours and rng.random() < 0.4),
            floor=rng.randrange(2),
            table=int(target.segments > 0 and rng.random() < 0.4),
            outer=self._few(3),
            inner=self._few(3),
            window_span=0,
            weights_span=0,
            steps=self._few(5),
            kernel_x=self._few(3),
            kernel_y=self._few(3),
            slices=self._few(2),
            sub_x=self._few(2),
            sub_y=self._few(2),
            pixels_x=self._few(4),
            pixels_y=self._few(3),
            groups=self._few(3),
            **{f"{name}_window": value for name, value in stride.items()},
            group_words=0,
            idle=rng.choice([0, 0, 1, 2, rng.randint(0, 6)]),
            slot_pitch=0,
            last_valid=rng.choice([target.columns, rng.randint(0, target.columns)]),
            **self._back_end(),
        )
        pixel = emission_cycles(target) - steps_of(job) - job.idle
        job = replace(job, idle=job.idle + max(0, pixel))
        if cycles_of(job, target) * job.outer * job.inner > 1500:
            return None
        entries = target.accumulator_entries // (1 if self.chunks else 2)
        if pixels_of(job) * job.groups > entries:
            return None
        if chunked and cycles_of(job, target) < ACCUMULATOR_REVISIT:
            return None
        return self._layout(job)

    def _back_end(self) -> dict[str, int]:
        rng, target = self.rng, self.target

        def limits(prefix: str) -> dict[str, int]:
            low, high = sorted(rng.choice([(-128, 127), (0, 127), (rng.randint(-32768, 0), rng.randint(0, 32767))]))
            return {f"{prefix}low": low, f"{prefix}high": high}

        def scale(bits: int) -> int:
            return rng.choice([1, -(1 << (bits - 1)), (1 << (bits - 1)) - 1, rng.randint(-(1 << 9), 1 << 9)])

        fields = {"zero_point": rng.choice([0, rng.randint(-128, 127), -32768, 32767]), **limits("")}
        fields |= {"table_shift": rng.randint(0, 31), **limits("table_")}
        fields |= {
            "add": int(target.residual_bytes > 0 and rng.random() < 0.4),
            "add_value": scale(18),
            "add_residual": scale(18),
            "add_addend": rng.choice([0, -(1 << 39), (1 << 39) - 1, rng.randint(-(1 << 12), 1 << 12)]),
            "add_shift": rng.choice([0, 47, rng.randint(0, 20)]),
            "add_zero_point": rng.choice([0, rng.randint(-128, 127)]),
            **limits("add_"),
        }
        if target.pool:
            fields |= {
                "pool": rng.choice(list(isa.Pool)),
                "pool_multiplier": scale(18),
                "pool_addend": rng.choice([0, -(1 << 39), (1 << 39) - 1, rng.randint(-(1 << 12), 1 << 12)]),
                "pool_shift": rng.choice([0, 47, rng.randint(0, 20)]),
                "pool_zero_point": rng.choice([0, rng.randint(-128, 127)]),
                **limits("pool_"),
            }
        return fields

    def _layout(self, job: isa.Job) -> isa.Job | None:
        """Spans, words, slot and residual places that fit the target."""
        rng, target = self.rng, self.target
        wide = {
            isa.Mode.DENSE: target.lanes,
            isa.Mode.CHANNELWISE: target.pixels_per_read * target.columns,
            isa.Mode.MAXIMUM: target.columns,
        }[isa.Mode(job.mode)]
        offsets = [p + s for p in pixel_offsets(job) for s in step_offsets(job)]
        groups = [0, job.group_window * (job.groups - 1)]
        least, most = min(offsets) + min(groups), max(offsets) + max(groups)
        if self.logs.window_base + least < self.logs.window_tail or most + wide > target.window_bytes // 4:
            return None
        words = target.constant_words + (0 if job.mode == isa.Mode.MAXIMUM else steps_of(job))
        group_words = words + rng.choice([0, 0, rng.randint(0, 3)])
        pixels = pixels_of(job)
        count = rng.choice([c for c in range(1, pixels + 1) if pixels % c == 0])
        slot_pitch = rng.choice([target.columns, rng.randint(0, 3 * target.columns)])
        slot_group = rng.choice([target.columns, rng.randint(0, 3 * target.columns), pixels * slot_pitch])
        residual_pitch = rng.choice([slot_pitch, rng.randint(0, 2 * target.columns)])
        residual = (pixels - 1) * residual_pitch + (job.groups - 1) * slot_group + target.columns
        span = job.groups * group_words - (group_words - words)
        if max(slot_pitch, slot_group) > 4095 or span > target.weight_words // 3:
            return None
        if (pixels - 1) * slot_pitch + (job.groups - 1) * slot_group + target.columns > target.slot_bytes:
            return None
        if job.add and residual > target.residual_bytes // 3:
            return None
        window_span = max(most + wide, 0) + rng.choice([0, rng.randint(0, 9)])
        window = self._moves(job, window_span)
        weights = self._moves(job, span)
        return replace(
            job,
            window_span=window_span,
            window_inner=window[0],
            window_outer=window[1],
            window_free_inner=window[2],
            window_free_outer=window[3],
            group_words=group_words,
            weights_span=span,
            weights_inner=weights[0],
            weights_outer=weights[1],
            weights_free_inner=weights[2],
            weights_free_outer=weights[3],
            pool_count=count,
            slot_pitch=slot_pitch,
            slot_group=slot_group,
            residual_pitch=residual_pitch,
            residual_span=residual if job.add else rng.randint(0, 5),
        )

    def _moves(self, job: isa.Job, span: int) -> tuple[int, int, int, int]:
        """How base and tail go: forth by the span, by part of it, not at all, or back at the end of the inner loop."""
        rng = self.rng
        inner = rng.choice([span, 0, rng.randint(0, span)])
        kind = rng.randrange(4)
        if kind == 0:
            return inner, 0, inner, 0
        if kind == 1:
            return inner, -inner * job.inner, 0, 0
        if kind == 2:
            part = rng.randint(0, span)
            return 0, part, 0, part
        free = rng.randint(0, inner)
        return inner, 0, free, (inner - free) * job.inner

    def _follow(self, job: isa.Job) -> Logs | None:
        """Where the job leads, or None if a unit breaks a rule."""
        target, logs = self.target, replace(self.logs)
        offsets = [p + s for p in pixel_offsets(job) for s in step_offsets(job)]
        least = min(offsets) + min(0, job.group_window * (job.groups - 1))
        for _ in range(job.outer):
            for i in range(job.inner):
                outer = int(i == job.inner - 1)
                if logs.window_base + least < logs.window_tail:
                    return None
                logs.window_end = max(logs.window_end, logs.window_base + job.window_span)
                logs.word_end = max(logs.word_end, logs.word_base + job.weights_span)
                window = job.window_inner + outer * job.window_outer
                words = job.weights_inner + outer * job.weights_outer
                if window > job.window_span or words > job.weights_span:
                    return None
                logs.window_base += window
                logs.word_base += words
                logs.window_tail += job.window_free_inner + outer * job.window_free_outer
                logs.word_tail += job.weights_free_inner + outer * job.weights_free_outer
                if logs.window_tail > logs.window_base or logs.word_tail > logs.word_base:
                    return None
                if logs.window_base - logs.window_tail > target.window_bytes // 4:
                    return None
                if logs.word_base - logs.word_tail > target.weight_words // 4:
                    return None
                stores = (not job.chunked or outer) and not job.to_neighbour
                logs.residual_end += job.residual_span if stores and job.add else 0
        return logs
