"""Bit widths as a dimension of a space: each pair quantises the network anew, and decides how wide the operands are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tileloom.hw.spec.quant import accumulator_bits

if TYPE_CHECKING:
    from tileloom.compiler.settings import Settings

WIDEST = 16


@dataclass(frozen=True, order=True)
class Widths:
    """Bits of all weights and of all activations, 1 to 16 each; grids that the network gives itself stay."""

    weights: int
    activations: int

    def __post_init__(self) -> None:
        for name, bits in (("weights", self.weights), ("activations", self.activations)):
            if not 1 <= bits <= WIDEST:
                raise ValueError(f"bits of {name} must be 1 to {WIDEST}, not {bits}")

    @property
    def operand_bits(self) -> int:
        """Bits of the narrowest operands that hold both: 8 or 16."""
        return 8 if max(self.weights, self.activations) <= 8 else 16

    @property
    def target_fields(self) -> dict[str, Any]:
        """What a target for them has."""
        bits = self.operand_bits
        return {"activation_bits": bits, "weight_bits": bits, "accumulator_bits": accumulator_bits(bits)}

    @property
    def settings(self) -> "Settings":
        """The same for the front end."""
        from tileloom.compiler.bit_widths import BitWidths, LayerBits
        from tileloom.compiler.settings import Settings

        return Settings(bits=BitWidths((LayerBits("*", self.weights, self.activations),)))

    def __str__(self) -> str:
        return f"{self.weights}/{self.activations}"
