"""Fields that a compact target keeps too few bits of: of a layer another mapping is tried, a program is refused."""

from collections.abc import Sequence

from tileloom.compiler.backend.order import LayerInstructions
from tileloom.compiler.problems import ModelError, Problem
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.widths import width_violations

UNPLACED = "address "
"""Addresses are final only in the whole program."""


def too_wide(work: LayerInstructions, target: Target) -> str:
    """The first field of a layer's instructions that the target cannot hold; empty if there is none."""
    if not target.compact:
        return ""
    folded = (*work.loads, *work.weights, *work.stores)
    for instruction in (*(item.instruction for item in folded), *(item.job for item in work.jobs)):
        for violation in width_violations(instruction, target):
            if not violation.startswith(UNPLACED):
                return f"{instruction.opcode.name}: {violation}"
    return ""


def check_memory(instructions: Sequence[isa.Instruction], memory_bytes: int, name: str, target: Target) -> None:
    """Raise :class:`ModelError` where a program needs more memory than the target has addresses for."""
    if not target.compact or memory_bytes <= 1 << target.address_bits:
        return
    raise ModelError(
        [
            Problem(
                "TL501",
                name,
                "",
                f"program, weights and maps must end within the {1 << target.address_bits:,} bytes that address_bits = "
                f"{target.address_bits} of target {target.name} reach",
                f"{memory_bytes:,} bytes, of them {4 * sum(len(isa.encode(i)) for i in instructions):,} instructions",
                "use a target with more address_bits, or a smaller network",
            )
        ]
    )
