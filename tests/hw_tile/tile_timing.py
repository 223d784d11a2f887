"""The visible state of one tile, cycle by cycle, straight from docs/architecture.md."""

from collections import defaultdict

from tests.hw_tile.tile_reference import Unit
from tileloom.hw.descriptor import descriptor_words
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.timing import JOB_QUEUE_WORDS, PARTIAL_BUFFERS, SLOTS, partial_latency, result_latency

COUNTERS = ("window_available", "window_free", "words_available", "words_free", "residual_available", "residual_free")


class TileTiming:
    """Counters and control of a tile; ``cycle`` is the present cycle, ``values`` are what is visible in it.

    ``later`` schedules a change of a following cycle; :meth:`present` works out what the tile shows; :meth:`advance`
    goes on to the next cycle.
    """

    def __init__(self, target: Target, jobs: list[list[Unit]]) -> None:
        self.target = target
        self.cycle = 0
        self.jobs = list(jobs)
        self.units: list[Unit] = []
        self.values = dict.fromkeys(COUNTERS, 0) | {
            "window_free": target.window_bytes,
            "words_free": target.weight_words,
            "residual_free": target.residual_bytes,
            "slots_free": SLOTS,
            "slots_full": 0,
            "halves_free": PARTIAL_BUFFERS,
            "halves_full": 0,
        }
        self._changes: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self.state = "idle"
        self.run_left = 0
        self.drained_at = 0
        self.claim_at: set[int] = set()
        self.done_at: set[int] = set()
        # The descriptor queue, as its docstring tells.
        self.level = self.position = 0
        self.full = self.valid = False

    def later(self, counter: str, amount: int, cycle: int) -> None:
        """``counter`` changes visibly in ``cycle``."""
        self._changes[cycle].append((counter, amount))

    def present(self, *, partial_room: bool) -> dict[str, int]:
        """What the tile shows in this cycle."""
        value = self.values
        shown = {
            "slot__full": int(value["slots_full"] > 0),
            "configuration__room": int(self.level <= JOB_QUEUE_WORDS - 2),
            "status__running": 0,
            "status__job_start": 0,
            "status__job_end": 0,
            "status__idle": 0,
        }
        if self.target.local_lines:
            shown["partial_in__room"] = int(value["halves_free"] > 0)
            shown["partial_out__claim"] = int(self.cycle in self.claim_at)
            shown["partial_out__done"] = int(self.cycle in self.done_at)
        self._passes = False
        if self.state == "idle":
            shown["status__cause"] = Cause.JOB
            queue_idle = self.level == 0 and self.position == 0 and not self.full
            shown["status__idle"] = int(queue_idle and self.cycle >= self.drained_at)
        elif self.state == "check":
            shown["status__cause"] = self._cause(self.units[0], partial_room)
            self._passes = shown["status__cause"] == Cause.START
        else:
            unit = self.units[0]
            shown["status__cause"] = Cause.RUN
            shown["status__running"] = 1
            shown["status__tag"] = unit.job.tag
            shown["status__job_start"] = int(unit.job_first and self.run_left == unit.cycles)
            shown["status__job_end"] = int(unit.job_last and self.run_left == 1)
        return shown

    def _cause(self, unit: Unit, partial_room: bool) -> Cause:
        job, value = unit.job, self.values
        if (job.from_neighbour and not value["halves_full"]) or (unit.sends and not partial_room):
            return Cause.NEIGHBOUR
        if value["window_available"] < job.window_span:
            return Cause.WINDOW
        if value["words_available"] < job.weights_span:
            return Cause.WEIGHTS
        if unit.adds and value["residual_available"] < job.residual_span:
            return Cause.RESIDUAL
        if unit.stores_results and not value["slots_free"]:
            return Cause.SLOT
        return Cause.START

    def advance(self, *, word: bool) -> None:
        """End the cycle; ``word``: a descriptor word was on the configuration line."""
        take = self.state == "idle" and self.valid
        move = self.level > 0 and not self.full
        self.valid = self.full and not take
        self.level += word - move
        if take:
            self.full = False
        if move:
            self.position = (self.position + 1) % descriptor_words(isa.Job)
            self.full = self.position == 0
        if take:
            self.units = self.jobs.pop(0)
            self.state = "check"
        elif self._passes:
            self._start(self.units[0])
        elif self.state == "run":
            self.run_left -= 1
            if not self.run_left:
                self._end(self.units.pop(0))
        self.cycle += 1
        for counter, amount in self._changes.pop(self.cycle, []):
            self.values[counter] += amount

    def _start(self, unit: Unit) -> None:
        self.state, self.run_left = "run", unit.cycles
        following = self.cycle + 1
        if unit.stores_results:
            self.later("slots_free", -1, following)
        if unit.job.from_neighbour:
            self.later("halves_full", -1, following)
        if unit.sends:
            self.claim_at.add(following)

    def _end(self, unit: Unit) -> None:
        job, end, outer = unit.job, self.cycle, int(unit.inner_last)
        done = end + result_latency(self.target)
        self.state = "check" if self.units else "idle"
        self.drained_at = done
        for counter, amount in (
            ("window_available", -(job.window_inner + outer * job.window_outer)),
            ("window_free", job.window_free_inner + outer * job.window_free_outer),
            ("words_available", -(job.weights_inner + outer * job.weights_outer)),
            ("words_free", job.weights_free_inner + outer * job.weights_free_outer),
        ):
            self.later(counter, amount, end + 1)
        if unit.adds:
            self.later("residual_available", -job.residual_span, end + 1)
            self.later("residual_free", job.residual_span, done)
        if unit.stores_results:
            self.later("slots_full", 1, done)
        if job.from_neighbour:
            self.later("halves_free", 1, done)
        if unit.sends:
            self.done_at.add(end + partial_latency(self.target) - 1)
