"""Quantise: real operators on quantised maps become integer operators.

Requires: every map quantised; convolutions, pools, pairs and assemblies only. Ensures: an integer graph whose
accumulators are proven to fit. Raises :class:`ModelError` with every layer whose numbers do not fit (TL305, TL306).
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler import graph as integer
from tileloom.compiler.balanced_rounding import balanced_codes
from tileloom.compiler.bit_widths import TERNARY
from tileloom.compiler.covariance_rounding import covariance_codes
from tileloom.compiler.graph import Codes, IntegerGraph, Tensor
from tileloom.compiler.narrow_weights import narrow_codes
from tileloom.compiler.nonlinearity import SEGMENTS, NotFinite, Table, numbers_of, step_table, table_of
from tileloom.compiler.problems import ModelError, Problem
from tileloom.compiler.real_graph import (
    Addition,
    Assembly,
    AveragePool,
    Convolution,
    Extremum,
    Floats,
    Int64s,
    Map,
    MaximumPool,
    Product,
    Quantisation,
    RealGraph,
    RealOperator,
)
from tileloom.compiler.scales import code_limits, mean_error, refined_codes, weight_codes
from tileloom.compiler.settings import Settings
from tileloom.compiler.table_function import IDENTITY, STEP
from tileloom.hw.spec.program import code_type
from tileloom.hw.spec.quant import (
    INTERMEDIATE_BITS,
    MULTIPLIER_BITS,
    SHIFT_MAXIMUM,
    Rounding,
    accumulator_bits,
    accumulator_bits_needed,
    normalise_multiplier,
    signed_range,
)

DEFAULT_SETTINGS = Settings()
FACTOR_LIMIT = 65535.0
"""Requantisation factors stay below this."""


def quantise_graph(
    graph: RealGraph, segments: int = SEGMENTS, bits: int = 8, settings: Settings = DEFAULT_SETTINGS
) -> IntegerGraph:
    """The integer graph; nonlinear functions get tables of ``segments`` segments, a power of two.

    Weights that the model gives as real numbers get codes of ``bits`` bits, and sums are proven to fit the accumulators
    of a target with such operands.
    """
    builder = _Builder(graph, segments, bits, settings)
    operators = tuple(builder.quantised(operator) for operator in graph.operators)
    if builder.problems:
        raise ModelError(list(dict.fromkeys(builder.problems)))
    tensors = {name: _tensor(map_, _grid(map_)) for name, map_ in graph.maps.items()}
    notes = (*graph.notes, *builder.notes)
    return IntegerGraph(graph.name, tensors, operators, graph.inputs, graph.outputs, notes, host=graph.host)


def _grid(map_: Map) -> Quantisation:
    assert map_.quantisation is not None, map_.name
    return map_.quantisation


def _tensor(map_: Map, grid: Quantisation) -> Tensor:
    return Tensor(
        map_.name,
        map_.channels,
        map_.height,
        map_.width,
        grid.scale,
        grid.zero_point,
        grid.low,
        grid.high,
        shape=map_.shape,
        channels_last=map_.channels_last,
    )


def _largest(read: Quantisation) -> int:
    """Greatest magnitude of a map's codes, the zero point taken off in the bias or before."""
    return max(-read.low, read.high, abs(read.zero_point)) + abs(read.zero_point)


def _stored(codes: Int64s, bits: int) -> Codes:
    """Weights in 8 bits where these hold them and the machine's sums are as narrow, else in 16."""
    narrow = bits == 8 and codes.min(initial=0) >= -128 and codes.max(initial=0) <= 127
    return codes.astype(code_type(1 if narrow else 2))


class _Builder:
    """Turns operators one by one, collecting problems and notes."""

    def __init__(self, graph: RealGraph, segments: int, bits: int, settings: Settings) -> None:
        self.graph = graph
        self.bits = bits
        self.settings = settings
        self.sum_bits = accumulator_bits(bits)
        self.segments = segments
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def quantised(self, operator: RealOperator) -> integer.Operator:
        """The integer form of one operator."""
        self._allow_rounding(operator)
        match operator:
            case Convolution():
                return self._convolution(operator)
            case MaximumPool():
                limits = code_limits(operator.low, operator.high, self._of(operator.output))
                return integer.MaxPool2d(operator.source, operator.input, operator.output, operator.window, *limits)
            case AveragePool():
                return self._average(operator)
            case Addition():
                return self._addition(operator)
            case Product():
                return self._product(operator)
            case Extremum():
                limits = code_limits(operator.low, operator.high, self._of(operator.output))
                names = (operator.a, operator.b, operator.output)
                return integer.Extremum(operator.source, *names, operator.maximum, *limits)
            case Assembly():
                fill, _ = code_limits(operator.fill, operator.fill, self._of(operator.output))
                return integer.Assemble(operator.source, operator.output, operator.pieces, fill)
            case _:
                raise TypeError(f"operators must be expanded before quantisation, not {type(operator).__name__}")

    def _allow_rounding(self, operator: RealOperator) -> None:
        """Only convolutions round downwards; a max pool and an assembly do not round."""
        floor = self._of(operator.output).rounding is Rounding.FLOOR
        if floor and not isinstance(operator, Convolution | MaximumPool | Extremum | Assembly):
            self.problems.append(
                Problem(
                    "TL302",
                    operator.source.node,
                    operator.source.line,
                    f"{operator.source.op}: only a convolution or linear layer may be followed by rounding downwards",
                    "a grid that rounds downwards",
                    "round to the nearest, half to even",
                )
            )

    def _of(self, name: str) -> Quantisation:
        return _grid(self.graph.maps[name])

    def _multiplier(self, operator: RealOperator, factor: float) -> tuple[int, int]:
        if factor <= FACTOR_LIMIT:
            return normalise_multiplier(factor)
        self._refuse_factor(operator, factor)
        return 0, 0

    def _refuse_factor(self, operator: RealOperator, factor: float) -> None:
        self.problems.append(
            Problem(
                "TL306",
                operator.source.node,
                operator.source.line,
                f"{operator.source.op}: the factor between sum and output must be at most 65535",
                f"{factor:.6g}",
                "calibrate with data of the right range",
            )
        )

    def _convolution(self, operator: Convolution) -> integer.Conv2d:
        read, written = self._of(operator.input), self._of(operator.output)
        codes, scales = operator.codes, operator.scales
        if codes is None or scales is None:
            operator, codes, scales = self._rounded(operator, read)
        else:
            codes, scales = refined_codes(codes, scales, operator.bias, read.scale)
        if operator.function is not None and operator.function.name == STEP and not operator.function.arguments:
            return self._sign(operator, codes, scales)
        bias = np.rint(operator.bias / (read.scale * scales))
        self._prove(operator, codes, bias, read)
        zero_point, low, high, table, scale = written.zero_point, -128, 127, None, written.scale
        if operator.function is not None:
            found = self._table(operator, read, written, read.scale * float(scales.max()) / (FACTOR_LIMIT / 2))
            table, scale, zero_point, low, high = found.segments, found.scale, found.zero_point, found.low, found.high
        else:
            low, high = code_limits(operator.low, operator.high, written)
        factors = [self._multiplier(operator, float(factor)) for factor in read.scale * scales / scale]
        return integer.Conv2d(
            operator.source,
            operator.input,
            operator.output,
            _stored(codes, self.bits),
            np.clip(bias, -(2.0**62), 2.0**62).astype(np.int64),
            operator.window,
            operator.groups,
            np.asarray([multiplier for multiplier, _ in factors], dtype=np.int64),
            np.asarray([shift for _, shift in factors], dtype=np.int64),
            zero_point,
            low,
            high,
            table,
            0.0 if table is None else scale,
            rounding=written.rounding,
        )

    def _table(self, operator: Convolution, read: Quantisation, written: Quantisation, least_scale: float) -> Table:
        """The table of the operator's function; an identity with limits where the function has no values."""
        assert operator.function is not None
        try:
            table = table_of(operator.function, written, numbers_of(operator, read), least_scale, self.segments)
        except NotFinite as fault:
            self.problems.append(
                Problem(
                    "TL310",
                    operator.source.node,
                    operator.source.line,
                    f"{operator.source.op}: the function must have a finite value for all numbers that occur",
                    str(fault),
                    "clip its input before, or calibrate with data of the right range",
                )
            )
            return table_of(IDENTITY, written, None, least_scale, self.segments)
        low, high = table.range
        self.notes.append(
            f"{operator.function} at {operator.source.node}: {len(table.segments.slopes)} segments from {low:.6g} to "
            f"{high:.6g}, greatest error {table.error:.3f} output codes over all {table.high - table.low + 1} inputs "
            "(rounding alone 0.5)"
        )
        return table

    def _rounded(self, operator: Convolution, read: Quantisation) -> tuple[Convolution, Int64s, Floats]:
        """Codes and scales for real weights, and the convolution with a bias that makes up for their mean error."""
        width = self.settings.bits.weights(operator.source.node)
        means = operator.means if self.settings.correct_bias else None
        if width is not None and not (isinstance(width, int) and width >= self.bits):
            codes, scales = narrow_codes(operator.weights, width)
            if means is not None and operator.covariance is not None and width not in (1, TERNARY):
                greatest = int(np.abs(codes).max(initial=1))
                codes = covariance_codes(operator.weights, scales, operator.covariance, greatest)
            elif means is not None and width not in (1, TERNARY):
                codes = balanced_codes(operator.weights, codes, scales, means, operator.groups)
            codes, scales = refined_codes(codes, scales, operator.bias, read.scale)
        else:
            codes, scales = weight_codes(operator.weights, operator.bias, read.scale, self.bits)
            if means is not None and operator.covariance is not None:
                greatest = int(np.abs(codes).max(initial=1))
                codes = covariance_codes(operator.weights, scales, operator.covariance, greatest)
            elif means is not None:
                codes = balanced_codes(operator.weights, codes, scales, means, operator.groups)
        if means is None:
            return operator, codes, scales
        error = mean_error(operator.weights, codes, scales, means, operator.groups)
        return replace(operator, bias=operator.bias - error), codes, scales

    def _sign(self, operator: Convolution, codes: Int64s, scales: Floats) -> integer.Conv2d:
        """Codes +1 and -1 by the sign of the sum: rounding the bias down keeps every sum on its side of zero."""
        read = self._of(operator.input)
        bias = np.floor(operator.bias / (read.scale * scales) + 1e-9)
        self._prove(operator, codes, bias, read)
        count = len(bias)
        return integer.Conv2d(
            operator.source,
            operator.input,
            operator.output,
            _stored(codes, self.bits),
            np.clip(bias, -(2.0**62), 2.0**62).astype(np.int64),
            operator.window,
            operator.groups,
            np.ones(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            0,
            *signed_range(INTERMEDIATE_BITS),
            step_table(self.segments),
            read.scale * float(scales.max()),
        )

    def _prove(self, operator: Convolution, codes: Int64s, bias: Floats, read: Quantisation) -> None:
        """Refuse a layer whose sums could leave the accumulators, the zero point folded into the bias or not."""
        largest = _largest(read)
        sums = np.abs(codes.reshape(codes.shape[0], -1)).sum(axis=1)
        worst = int(np.argmax(sums * largest + np.abs(bias)))
        needed = accumulator_bits_needed(int(sums[worst]), int(bias[worst]), -largest, largest)
        if needed > self.sum_bits:
            self.problems.append(
                Problem(
                    "TL305",
                    operator.source.node,
                    operator.source.line,
                    f"{operator.source.op}: every sum must fit {self.sum_bits} bits",
                    f"{needed} bits (output channel {worst}: {sums[worst]} summed weights, bias {int(bias[worst])})",
                    "split the layer's input channels, or give it a smaller bias",
                )
            )

    def _average(self, operator: AveragePool) -> integer.AveragePool2d:
        read, written = self._of(operator.input), self._of(operator.output)
        area = operator.window.kernel[0] * operator.window.kernel[1]
        largest = _largest(read)
        if accumulator_bits_needed(area, 0, -largest, largest) > self.sum_bits:
            self.problems.append(
                Problem(
                    "TL305",
                    operator.source.node,
                    operator.source.line,
                    f"{operator.source.op}: every sum must fit {self.sum_bits} bits",
                    f"a window of {area} elements",
                    "pool in two steps",
                )
            )
        multiplier, shift = self._multiplier(operator, read.scale * operator.gain / (written.scale * area))
        limits = code_limits(operator.low, operator.high, written)
        return integer.AveragePool2d(
            operator.source,
            operator.input,
            operator.output,
            operator.window,
            multiplier,
            shift,
            written.zero_point,
            *limits,
        )

    def _addition(self, operator: Addition) -> integer.Add:
        a, b, written = self._of(operator.a), self._of(operator.b), self._of(operator.output)
        gains = np.asarray([operator.a_gain, operator.b_gain])
        signs, factors = np.sign(gains), np.abs(gains) * np.asarray([a.scale, b.scale]) / written.scale
        limit = (1 << (MULTIPLIER_BITS - 1)) - 1
        shift = SHIFT_MAXIMUM
        while shift > 0 and np.rint(np.ldexp(factors.max(), shift)) > limit:
            shift -= 1
        if factors.max() > FACTOR_LIMIT:
            self._refuse_factor(operator, float(factors.max()))
        first, second = (
            int(sign) * int(np.rint(np.ldexp(factor, shift)))
            for sign, factor in zip(signs, np.minimum(factors, FACTOR_LIMIT), strict=True)
        )
        return integer.Add(
            operator.source,
            operator.a,
            operator.b,
            operator.output,
            first,
            second,
            -(a.zero_point * first + b.zero_point * second),
            shift,
            written.zero_point,
            *code_limits(operator.low, operator.high, written),
        )

    def _product(self, operator: Product) -> integer.Multiply:
        a, b, written = self._of(operator.a), self._of(operator.b), self._of(operator.output)
        multiplier, shift = self._multiplier(operator, abs(operator.gain) * a.scale * b.scale / written.scale)
        return integer.Multiply(
            operator.source,
            operator.a,
            operator.b,
            operator.output,
            -a.zero_point,
            -b.zero_point,
            multiplier if operator.gain > 0 else -multiplier,
            shift,
            written.zero_point,
            *code_limits(operator.low, operator.high, written),
        )
