"""The real graph: the network as few real-valued operators on maps, between lowering and quantisation.

Maps are ``channels x height x width``, as in the integer graph. A map may carry the quantisation that the model gives
(QDQ); the others get theirs by calibration. Passes rewrite graphs by replacing operators.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import HostNode, Piece, Source, Window
from tileloom.compiler.parts import Parts
from tileloom.compiler.table_function import TableFunction
from tileloom.hw.spec.quant import Rounding

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Quantisation:
    """``real = (code - zero_point) * scale``, codes from ``low`` to ``high``; ``rounding`` is how values get there."""

    scale: float
    zero_point: int
    low: int = -128
    high: int = 127
    rounding: Rounding = Rounding.HALF_EVEN


@dataclass(frozen=True)
class Map:
    """A real-valued feature map.

    ``value`` is the ONNX value that holds the same numbers (in any order, before ``low``/``high`` clamps of its
    producer), which calibration observes; ``in_order`` says that they are the value's in row-major order, or channels
    last. ``shape`` and ``channels_last`` are as in :class:`tileloom.compiler.graph.Tensor`.
    """

    name: str
    value: str
    channels: int
    height: int
    width: int
    shape: tuple[int, ...]
    channels_last: bool = False
    quantisation: Quantisation | None = None
    in_order: bool = True

    @property
    def elements(self) -> int:
        """Number of elements of one frame."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, eq=False)
class Convolution:
    """``function(clamp(bias[o] + sum(x * weights[o]), low, high))``.

    With ``codes`` (int64) and ``scales`` (per output channel), ``weights == codes * scales`` are the model's own.
    """

    source: Source
    input: str
    output: str
    weights: Floats
    bias: Floats
    window: Window
    groups: int
    codes: Int64s | None = None
    scales: Floats | None = None
    low: float = -inf
    high: float = inf
    function: TableFunction | None = None
    applied_to: str = ""
    """With a function: the ONNX value that it is applied to."""
    seen: tuple[float, float] | None = None
    """With a function: least and greatest number that it is applied to, where calibration looked."""
    means: Floats | None = None
    """Mean of each channel of the input over the calibration data, where calibration looked."""
    covariance: Floats | None = None
    """Covariance of the inputs of one pixel's sum over the calibration data, where calibration looked."""


@dataclass(frozen=True)
class MaximumPool:
    """Maximum over the window, padding left out, then clamp."""

    source: Source
    input: str
    output: str
    window: Window
    low: float = -inf
    high: float = inf


@dataclass(frozen=True)
class AveragePool:
    """Mean over the window, padding counted as zero, times ``gain``, then clamp."""

    source: Source
    input: str
    output: str
    window: Window
    low: float = -inf
    high: float = inf
    gain: float = 1.0


@dataclass(frozen=True)
class Addition:
    """``clamp(a * a_gain + b * b_gain)``; maps of one size, or ``b`` ``channels x 1 x 1``, spread over the pixels."""

    source: Source
    a: str
    b: str
    output: str
    low: float = -inf
    high: float = inf
    a_gain: float = 1.0
    b_gain: float = 1.0


@dataclass(frozen=True)
class Product:
    """``clamp(a * b * gain)``; sizes as those of :class:`Addition`."""

    source: Source
    a: str
    b: str
    output: str
    low: float = -inf
    high: float = inf
    gain: float = 1.0


@dataclass(frozen=True)
class Extremum:
    """``clamp(max(a, b))``, or ``min`` without ``maximum``; sizes as those of :class:`Addition`."""

    source: Source
    a: str
    b: str
    output: str
    maximum: bool
    low: float = -inf
    high: float = inf


@dataclass(frozen=True)
class Assembly:
    """A map put together from pieces of others; what no piece writes is ``fill``.

    Quantised, all its maps share one grid; quantisation makes them so by a Requantise where it must.
    """

    source: Source
    output: str
    pieces: tuple[Piece, ...]
    fill: float = 0.0


@dataclass(frozen=True, eq=False)
class Affine:
    """``x * gain[c] + offset[c]``."""

    source: Source
    input: str
    output: str
    gain: Floats
    offset: Floats


@dataclass(frozen=True)
class Clamp:
    """``min(max(x, low), high)``; with infinite limits a copy."""

    source: Source
    input: str
    output: str
    low: float
    high: float


@dataclass(frozen=True)
class Function:
    """A function of each element; ``applied_to`` is the ONNX value that holds the input's numbers."""

    source: Source
    input: str
    output: str
    function: TableFunction
    applied_to: str


@dataclass(frozen=True)
class Requantise:
    """The model's own QuantizeLinear: from here on the value lies on this grid."""

    source: Source
    input: str
    output: str
    quantisation: Quantisation


RealOperator = (
    Convolution
    | MaximumPool
    | AveragePool
    | Addition
    | Product
    | Extremum
    | Assembly
    | Affine
    | Clamp
    | Function
    | Requantise
)


def inputs_of(operator: RealOperator) -> tuple[str, ...]:
    """Names of the maps that an operator reads, each once per role."""
    if isinstance(operator, Assembly):
        return tuple(dict.fromkeys(piece.input for piece in operator.pieces))
    return (operator.a, operator.b) if isinstance(operator, Addition | Product | Extremum) else (operator.input,)


def reading(operator: RealOperator, names: dict[str, str]) -> RealOperator:
    """The operator with its inputs renamed."""
    if isinstance(operator, Assembly):
        pieces = tuple(replace(piece, input=names.get(piece.input, piece.input)) for piece in operator.pieces)
        return replace(operator, pieces=pieces)
    if isinstance(operator, Addition | Product | Extremum):
        return replace(operator, a=names.get(operator.a, operator.a), b=names.get(operator.b, operator.b))
    return replace(operator, input=names.get(operator.input, operator.input))


@dataclass(frozen=True, eq=False)
class RealGraph:
    """Maps by name, operators in topological order, inputs and outputs."""

    name: str
    maps: dict[str, Map]
    operators: tuple[RealOperator, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    parts: Parts = field(default_factory=Parts)
    """What the float network must compute besides, so that the value of every map can be observed."""
    host: tuple[HostNode, ...] = ()

    def producer(self, name: str) -> RealOperator | None:
        """The operator that writes a map; None for a network input."""
        return next((operator for operator in self.operators if operator.output == name), None)

    def uses(self) -> dict[str, int]:
        """How often each map is read, being an output counted as one."""
        counts = dict.fromkeys(self.maps, 0)
        for operator in self.operators:
            for name in inputs_of(operator):
                counts[name] += 1
        for name in self.outputs:
            counts[name] += 1
        return counts

    def with_operators(self, operators: Iterable[RealOperator]) -> "RealGraph":
        """The graph with other operators; maps that nothing touches any more are dropped."""
        kept = tuple(operators)
        used = {*self.inputs, *self.outputs}
        for operator in kept:
            used.update((*inputs_of(operator), operator.output))
        return replace(self, operators=kept, maps={name: map_ for name, map_ in self.maps.items() if name in used})
