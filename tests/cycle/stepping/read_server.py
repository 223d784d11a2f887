"""The stepper's read servers."""

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import AddressGenerator, Burst
from tileloom.hw.spec import timing

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class ReadServer:
    """Memory or map buffer, read side."""

    def __init__(self, machine: "Stepper", space: int) -> None:
        self.machine = machine
        self.space = space
        self.register: Burst | None = None
        self.under_way = 0
        self.by_owner: dict[str, int] = defaultdict(int)
        self.accepted: deque[tuple[int, Burst]] = deque()
        self.latency = timing.MAP_READ_LATENCY if space else machine.memory.read_latency

    def step(self, t: int) -> None:
        machine = self.machine
        paused = self.space == 0 and machine.paused(t)
        if self.accepted and not paused and t >= self.accepted[0][0] + self.latency:
            burst = self.accepted[0][1]
            burst.deliver(t)
            burst.left -= 1
            machine.progress = t
            if not burst.left:
                machine.later(t + 1, self.accepted.popleft)
                machine.later(t + timing.READ_RETIRE, lambda: self.retire(burst))
        # The register may take a new burst only when it is empty at the start of the cycle.
        if self.register is not None:
            if not paused:
                burst_here = self.register
                machine.later(t + 1, self.empty_register)
                machine.later(t + 1, lambda: self.accepted.append((t, burst_here)))
        elif self.under_way < machine.target.outstanding:
            for unit in (machine.p, machine.a, machine.w):
                offered = unit.offered(t)
                if offered is not None and offered.space == self.space:
                    offered.left = offered.beats
                    machine.later(t + 1, self.granted, unit, offered)
                    break

    def empty_register(self) -> None:
        self.register = None

    def granted(self, unit: "AddressGenerator", burst: Burst) -> None:
        self.register = burst
        self.under_way += 1
        self.by_owner[burst.owner] += 1
        unit.on_grant()

    def retire(self, burst: Burst) -> None:
        self.under_way -= 1
        self.by_owner[burst.owner] -= 1
