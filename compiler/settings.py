"""What a user decides about a network before it is compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tileloom.compiler.bit_widths import BitWidths
from tileloom.compiler.node import Array


@dataclass(frozen=True, eq=False)
class Settings:
    """Sizes, constants and quantisation of a network's own choice.

    Parameters
    ----------
    dims : sizes of dynamic axes by their names in the model
    batch : size of the first axis of all inputs whatever the model says, 1 or None for the model's own
    bind : inputs that become constants, and their values
    method : how ranges are chosen, one of :data:`tileloom.compiler.passes.calibrate.METHODS`
    bits : bit widths of layers; all that it does not name take the target's
    correct_bias : whether biases make up for the mean error of rounded weights
    host_ops : whether operators that the accelerator does not have, and all that need their results, go to the host
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    batch: int | None = None
    bind: Mapping[str, Array] = field(default_factory=dict)
    method: str = "mse"
    bits: BitWidths = field(default_factory=BitWidths)
    correct_bias: bool = True
    host_ops: bool = False
