"""Calibrate: maps that the model leaves in floating point get a scale and zero point from what runs through them.

Requires: a real graph of convolutions, pools and additions; calibration data. Ensures: every map has a quantisation.
Maps between which codes pass unchanged (pools, assemblies) share one; outputs of bounded functions alone have
that of the function's range. Functions whose tables need it know between which numbers they are applied.
"""

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from tileloom.compiler.bit_widths import BitWidths
from tileloom.compiler.float_model import BINS, Histogram
from tileloom.compiler.grid_groups import grid_groups, is_root
from tileloom.compiler.nonlinearity import range_of_bounded
from tileloom.compiler.real_graph import Assembly, Convolution, Floats, Map, Quantisation, RealGraph, RealOperator
from tileloom.compiler.scales import quantisation_of_range
from tileloom.compiler.table_function import comes_back, is_narrow
from tileloom.hw.spec.quant import signed_range

EQUAL = BitWidths()
METHODS = ("mse", "percentile", "minmax")
"""How a range is chosen: least squared error, 99.99 % of the values, or all of them."""
PERCENTILE = 99.99
FILL = 1e30
"""Padding of at least this magnitude stands for infinity: it saturates instead of widening the range."""


def values_to_observe(graph: RealGraph) -> list[str]:
    """ONNX values whose histograms :func:`calibrate` needs, each once."""
    producers = {operator.output: operator for operator in graph.operators}
    needed: list[str] = []
    for group in grid_groups(graph):
        roots = [name for name in group if is_root(producers.get(name))]
        if _fixed([producers.get(name) for name in roots]) is None:
            needed += [graph.maps[name].value for name in roots if _constants(producers.get(name)) is None]
    needed += [each.applied_to for each in graph.operators if isinstance(each, Convolution) and _looks(each, graph)]
    return list(dict.fromkeys(needed))


def calibrate(
    graph: RealGraph, seen: dict[str, Histogram], method: str, bits: int = 8, widths: BitWidths = EQUAL
) -> RealGraph:
    """The graph with every map quantised, those that the model leaves open to codes of ``bits`` bits.

    Maps of nodes that ``widths`` names get fewer; of several that share a grid the fewest count.
    """
    producers = {operator.output: operator for operator in graph.operators}
    maps = dict(graph.maps)
    for group in grid_groups(graph):
        roots = [name for name in group if is_root(producers.get(name))]
        named = [widths.activations(each.source.node) for each in map(producers.get, group) if each is not None]
        width = min([bits, *(each for each in named if each is not None)])
        grid = _fixed([producers.get(name) for name in roots], width)
        if grid is None:
            data = [_data(maps[name], producers.get(name), seen) for name in roots]
            low, high = _range(data, method, width)
            # Inputs keep their whole range: their values are data, not outliers.
            whole = [each for name, each in zip(roots, data, strict=True) if name not in producers]
            fills = [each.fill for each in map(producers.get, group) if isinstance(each, Assembly)]
            bounds = [*(fill for fill in fills if abs(fill) < FILL), *(end for each in whole for end in each.ends)]
            grid = quantisation_of_range(min([low, *bounds]), max([high, *bounds]), width)
            if (exact := _whole_numbers(data, width)) is not None:
                grid = exact
        for name in group:
            maps[name] = replace(maps[name], quantisation=grid)
    return replace(
        graph,
        maps=maps,
        operators=tuple(_with_means(_having_seen(each, graph, seen), graph, seen) for each in graph.operators),
    )


def _looks(operator: Convolution, graph: RealGraph) -> bool:
    """Whether the numbers that the operator's function is applied to must be observed; a given grid tells them."""
    if operator.function is None or not (is_narrow(operator.function) or comes_back(operator.function)):
        return False
    return graph.maps[operator.input].quantisation is None or operator.codes is None


def _having_seen(operator: RealOperator, graph: RealGraph, seen: dict[str, Histogram]) -> RealOperator:
    if not isinstance(operator, Convolution) or not _looks(operator, graph):
        return operator
    histogram = seen[operator.applied_to]
    return replace(operator, seen=(histogram.low, histogram.high))


def _with_means(operator: RealOperator, graph: RealGraph, seen: dict[str, Histogram]) -> RealOperator:
    """A convolution whose weights are to be rounded, with the mean of each of its input's channels if it is known."""
    if not isinstance(operator, Convolution) or operator.codes is not None:
        return operator
    read = graph.maps[operator.input]
    histogram = seen.get(read.value)
    if histogram is None or len(histogram.means) != read.channels or read.channels_last or not read.in_order:
        return operator
    low, high = _limits(graph.producer(read.name))
    if histogram.low < low - 1e-6 or histogram.high > high + 1e-6:
        return operator  # observed before its limits: the mean is another
    return replace(operator, means=histogram.means)


def _fixed(producers: list[RealOperator | None], bits: int = 8) -> Quantisation | None:
    """The grid of the one bounded function that writes all of a group's maps."""
    functions = {each.function if isinstance(each, Convolution) else None for each in producers}
    function = functions.pop() if len(functions) == 1 else None
    bounds = None if function is None else range_of_bounded(function)
    return None if bounds is None else quantisation_of_range(*bounds, bits)


def _whole_numbers(data: list["_Data"], bits: int) -> Quantisation | None:
    """The grid of scale 1 for data of whole numbers, pixels say, that fit its codes; None for other data."""
    low, high = min(each.ends[0] for each in data), max(each.ends[1] for each in data)
    if not all(each.seen.whole for each in data) or not (low.is_integer() and high.is_integer()):
        return None
    least, greatest = signed_range(bits)
    for zero_point in (least, 0) if bits <= 8 else (0, least):
        if least - zero_point <= low and high <= greatest - zero_point:
            return Quantisation(1.0, zero_point, least, greatest)
    return None


def _constants(producer: RealOperator | None) -> Floats | None:
    """The numbers of a map that depends on no input, which nobody observes."""
    constant = isinstance(producer, Convolution) and not producer.weights.any() and producer.function is None
    return producer.bias if constant and isinstance(producer, Convolution) else None


def _data(map_: Map, producer: RealOperator | None, seen: dict[str, Histogram]) -> "_Data":
    constants = _constants(producer)
    if constants is None:
        return _Data(seen[map_.value], *_limits(producer))
    counts, edges = np.histogram(constants, BINS)
    return _Data(Histogram(float(edges[0]), float(edges[-1]), counts), *_limits(producer))


def _limits(producer: RealOperator | None) -> tuple[float, float]:
    return (-inf, inf) if producer is None else (getattr(producer, "low", -inf), getattr(producer, "high", inf))


@dataclass(frozen=True, eq=False)
class _Data:
    """Observed values, clamped to limits."""

    seen: Histogram
    low: float
    high: float

    @property
    def ends(self) -> tuple[float, float]:
        """Least and greatest value."""
        least, greatest = np.clip([self.seen.low, self.seen.high], self.low, self.high)
        return float(least), float(greatest)

    def centres(self) -> Floats:
        """Middles of the histogram's bins."""
        return np.asarray(np.clip(self.seen.centres(), *self.ends), dtype=np.float64)


def _range(data: list[_Data], method: str, bits: int) -> tuple[float, float]:
    """The range of codes for all the data together."""
    low, high = min(each.ends[0] for each in data), max(each.ends[1] for each in data)
    centres = np.concatenate([each.centres() for each in data])
    counts = np.concatenate([each.seen.counts for each in data]).astype(np.float64)
    if method == "percentile":
        return _percentiles(centres, counts, low, high)
    return _least_error(centres, counts, low, high, bits) if method == "mse" else (low, high)


def _percentiles(centres: Floats, counts: Floats, low: float, high: float) -> tuple[float, float]:
    """Limits that leave out the outermost values on each side."""
    order = np.argsort(centres, kind="stable")
    share = np.cumsum(counts[order]) / counts.sum()
    tail = 1.0 - PERCENTILE / 100.0
    found = centres[order][np.searchsorted(share, [tail, 1.0 - tail]).clip(0, len(order) - 1)]
    return max(low, min(float(found[0]), 0.0)), min(high, max(float(found[1]), 0.0))


def _least_error(centres: Floats, counts: Floats, low: float, high: float, bits: int) -> tuple[float, float]:
    """Limits, each cut by up to 70 %, with the least mean squared error of quantisation and clipping."""
    occupied = counts > 0
    centres, counts = centres[occupied], counts[occupied]
    low, high = min(low, 0.0), max(high, 0.0)
    best, limits = inf, (low, high)
    cuts = np.linspace(1.0, 0.3, 36)
    for share_low in cuts if low < 0.0 else cuts[:1]:
        for share_high in cuts if high > 0.0 else cuts[:1]:
            grid = quantisation_of_range(low * share_low, high * share_high, bits)
            codes = np.clip(np.rint(centres / grid.scale) + grid.zero_point, grid.low, grid.high)
            error = float(np.dot(counts, ((codes - grid.zero_point) * grid.scale - centres) ** 2))
            if error < best:
                best, limits = error, (low * float(share_low), high * float(share_high))
    return limits
