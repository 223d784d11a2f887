"""Split functions: one whose table would be poor becomes a sum of functions, each bent on a part of the range alone.

Requires: every map quantised, functions merged into convolutions. Ensures: a table's error is small, or no larger than
what the rounding of its input makes of the output, or than the roundings of parts and sums would be, or has been
bettered by up to three cuts.
``f(x) = f(min(x, c)) + (f(max(x, c)) - f(c))``: each part has a whole table for its side of the cut ``c``, and is
constant on the other. ``f`` is the function as the output's grid saturates it, so that no sum of parts leaves it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tileloom.compiler.nonlinearity import SEGMENTS, NotFinite, distinguished_range, good_error, numbers_of, table_of
from tileloom.compiler.real_graph import Addition, Convolution, Map, Quantisation, RealGraph, RealOperator
from tileloom.compiler.table_function import TableFunction, evaluate, kinks

PARTS = 4
"""Parts of a function at most."""
BETTER = 0.7
"""A cut that leaves more than this part of the error is not worth an operator; one at a kink may need another."""
SHARES = np.concatenate((2.0 ** -np.arange(1.0, 12.0), 1.0 - 2.0 ** -np.arange(2.0, 12.0), [0.35, 0.65]))
"""Where a range is cut, as a part of it: near the ends, and in between."""
SATURATED = 0.5
"""A value beyond the outermost code by more than this part of a code is saturated; less is rounding."""
POINTS = 8193
"""Points at which a function is looked at."""


def split_functions(graph: RealGraph, segments: int = SEGMENTS) -> RealGraph:
    """Replace every convolution with a poor table by convolutions with parts of its function, and their sum."""
    operators: list[RealOperator] = []
    maps = dict(graph.maps)
    for operator in graph.operators:
        cuts = _cuts(operator, maps, segments) if isinstance(operator, Convolution) else ()
        if len(cuts) < 3:
            operators.append(operator)
        else:
            assert isinstance(operator, Convolution)
            operators.extend(_parts(operator, cuts, maps))
    return replace(graph, maps=maps, operators=tuple(operators))


def _cuts(operator: Convolution, maps: dict[str, Map], segments: int) -> tuple[float, ...]:
    """Limits of the parts, the outermost included; fewer than three where the function stays whole."""
    output = maps[operator.output].quantisation
    if operator.function is None or output is None:
        return ()
    read = maps[operator.input].quantisation
    assert read is not None
    numbers = numbers_of(operator, read)
    try:
        table = table_of(operator.function, output, numbers, 1e-30, segments)
    except NotFinite:
        return ()  # quantisation says why
    if table.error <= max(good_error(operator.function, output), _doubt(operator, maps)):
        return ()
    cuts = _range(operator.function, output, numbers)
    wanted = (good_error(operator.function, output) - 0.5) * output.scale
    limits = _limits(output)
    while len(cuts) <= PARTS:
        faults = [_fault(operator.function, low, high, limits, segments) for low, high in pairwise(cuts)]
        worst = int(np.argmax(faults))
        if faults[worst] <= wanted:
            break
        low, high = cuts[worst], cuts[worst + 1]
        inside = [kink for kink in kinks(operator.function) if low < kink < high]
        if inside:
            cuts.insert(worst + 1, inside[0])
            continue
        places = (low + SHARES * (high - low)).tolist()
        both = [
            max(
                _fault(operator.function, low, at, limits, segments),
                _fault(operator.function, at, high, limits, segments),
            )
            for at in places
        ]
        best = int(np.argmin(both))
        if both[best] > BETTER * faults[worst]:
            break
        cuts.insert(worst + 1, places[best])
    roundings = 0.5 * (2 * (len(cuts) - 1) - 1)  # of each part and each sum
    return tuple(cuts) if table.error > roundings else ()


def _doubt(operator: Convolution, maps: dict[str, Map]) -> float:
    """How much the output moves when the sums do by what the rounding of the inputs typically makes of them."""
    read, written = maps[operator.input].quantisation, maps[operator.output].quantisation
    assert read is not None and written is not None and operator.function is not None
    rows = operator.weights.reshape(len(operator.weights), -1)
    step = read.scale / 2 * float(np.sqrt((rows**2).sum(axis=1)).max())
    table = table_of(operator.function, written, numbers_of(operator, read), 1e-30)
    if table.range[0] == table.range[1]:
        return 0.0  # it only ever sees one number
    x = np.linspace(*table.range, POINTS)
    least, greatest = ((code - written.zero_point) * written.scale for code in (written.low, written.high))
    values = np.clip(evaluate(operator.function, x), least, greatest)
    points = step / float(x[1] - x[0])
    apart = max(1, round(points))
    moves = float(np.nanmax(np.abs(values[apart:] - values[:-apart]), initial=0.0))
    return moves * min(points, 1.0) / written.scale


def _range(function: TableFunction, output: Quantisation, numbers: tuple[float, float] | None) -> list[float]:
    """The numbers that the output tells apart, of those that occur; a poor table's own range is a coarse code off."""
    low, high = distinguished_range(function, output, numbers)
    if numbers is not None and max(low, numbers[0]) < min(high, numbers[1]):
        low, high = max(low, numbers[0]), min(high, numbers[1])
    return [low, high]


def _limits(grid: Quantisation) -> tuple[float, float]:
    """The least and the greatest number that do not saturate."""
    least, greatest = ((code - grid.zero_point) * grid.scale for code in (grid.low - SATURATED, grid.high + SATURATED))
    return least, greatest


def _fault(function: TableFunction, low: float, high: float, limits: tuple[float, float], segments: int) -> float:
    """About the greatest error of equal segments from ``low`` to ``high``: half of what the middles miss.

    Middles beyond ``limits`` do not count: the output saturates there, whatever the table says.
    """
    values = evaluate(function, np.linspace(low, high, 2 * segments + 1))
    middles = values[1::2]
    misses = np.abs(middles - (values[:-1:2] + values[2::2]) / 2.0) / 2.0
    return float(np.nanmax(misses, initial=0.0, where=(middles >= limits[0]) & (middles <= limits[1])))


@dataclass(frozen=True)
class _Part:
    function: TableFunction
    low: float
    high: float


def _part(function: TableFunction, low: float, high: float, limits: tuple[float, float], first: bool) -> _Part:
    """The function's way from ``low`` to ``high``; the first part has its value at ``low`` too.

    The part's grid saturates it to what the whole has between ``limits``; the function itself does not.
    """
    inside = function.of(TableFunction("Clip", (low, high)))
    start = 0.0 if first else float(np.clip(evaluate(function, np.asarray([low]))[0], *limits))
    moved = inside if first else TableFunction("Affine", (1.0, -start), (inside,))
    values = np.clip(evaluate(moved, np.linspace(low, high, 4097)), limits[0] - start, limits[1] - start)
    return _Part(moved, float(values.min()), float(values.max()))


def _parts(operator: Convolution, cuts: tuple[float, ...], maps: dict[str, Map]) -> list[RealOperator]:
    """A convolution for each part, and their sums; intermediate sums lie on the grid of the whole."""
    assert operator.function is not None
    whole = maps[operator.output]
    output = whole.quantisation
    assert output is not None
    found: list[RealOperator] = []
    total = ""
    for index, (low, high) in enumerate(pairwise(cuts)):
        part = _part(operator.function, low, high, _limits(output), index == 0)
        name = f"{operator.output}/part {index}"
        maps[name] = _map(whole, name, _grid(part, output))
        source = replace(operator.source, node=f"{operator.source.node}/part {index}")
        found.append(replace(operator, source=source, output=name, function=part.function))
        if index == 0:
            total = name
            continue
        last = index == len(cuts) - 2
        result = operator.output if last else f"{operator.output}/sum {index}"
        if not last:
            maps[result] = _map(whole, result, output)
        source = operator.source if last else replace(source, node=f"{operator.source.node}/sum {index}")
        found.append(Addition(source, name, total, result))
        total = result
    return found


def _map(whole: Map, name: str, grid: Quantisation) -> Map:
    planes = (whole.channels, whole.height, whole.width)
    return Map(name, "", *planes, planes, quantisation=grid)


def _grid(part: _Part, like: Quantisation) -> Quantisation:
    """The grid of a part's values, with as many codes as ``like``."""
    low, high = min(part.low, 0.0), max(part.high, 0.0)
    scale = max((high - low) / (like.high - like.low), like.scale / 1024)
    return Quantisation(scale, int(np.clip(np.rint(like.low - low / scale), like.low, like.high)), like.low, like.high)
