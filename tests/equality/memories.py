"""Memories that machines meet in the sweeps: what the simulators and the harness of the RTL are told of them."""

from dataclasses import dataclass, replace

from tileloom.hw.spec.config import MemoryModel, Target


@dataclass(frozen=True)
class Memory:
    """A memory model; with ``single`` the machine has one burst under way at a time, which is another machine."""

    model: MemoryModel
    single: bool = False

    def machine(self, target: Target) -> Target:
        """The target that meets this memory."""
        return replace(target, name=f"{target.name}_single", outstanding=1) if self.single else target


MEMORIES = {
    "usual": Memory(MemoryModel()),
    "quick": Memory(MemoryModel(read_latency=1, write_latency=1)),
    "slow": Memory(MemoryModel(read_latency=250, write_latency=120)),
    "pausing": Memory(MemoryModel(pause_period=97, pause_cycles=31)),
    "single": Memory(MemoryModel(), single=True),
}
"""By name: the default; one that answers at once; a slow one; one that is away a third of the time, as a DRAM that
refreshes, only worse; and one burst at a time."""
