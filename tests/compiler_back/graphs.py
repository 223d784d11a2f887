"""Integer graphs made by hand and at random, with data, for the back end's tests."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Conv2d,
    Extremum,
    IntegerGraph,
    MaxPool2d,
    Multiply,
    Operator,
    Piece,
    Source,
    Tensor,
    Window,
)
from tileloom.hw.spec.program import code_type
from tileloom.hw.spec.quant import PiecewiseLinear, normalise_multiplier, signed_range

Codes = npt.NDArray[np.signedinteger]


class GraphMaker:
    """Grows a graph operator by operator; numbers are random, sizes are given."""

    def __init__(self, seed: int, segments: int = 0, bits: int = 8) -> None:
        self.bits = bits
        self.low, self.high = signed_range(bits)
        self.random = np.random.default_rng(seed)
        self.segments = segments
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        self.inputs: list[str] = []

    def input(self, channels: int, height: int, width: int, like: str = "") -> str:
        name = self._tensor(channels, height, width, self.tensors.get(like))
        self.inputs.append(name)
        return name

    def conv(self, source: str, channels: int, window: Window, groups: int = 1, *, table: bool = False) -> str:
        tensor = self.tensors[source]
        height, width = window.output_size(tensor.height, tensor.width)
        output = self._tensor(channels, height, width)
        shape = (channels, tensor.channels // groups, *window.kernel)
        weights = self.random.integers(self.low, self.high + 1, shape).astype(code_type(self.bits // 8))
        if self.random.random() < 0.3:
            weights[self.random.random(shape) < 0.5] = self.high
        more = self.bits - 8  # bits of a code beyond 8
        size = float(np.sqrt(weights[0].size)) * (74 << more) * 74
        factors = [normalise_multiplier(float(f)) for f in self.random.uniform(0.3, 3.0, channels) * 60 / size]
        finer = min(6, 8 - more) if table else 0  # bits of a sum's fraction that the table sees
        function = self._table() if table and self.segments else None
        self.operators.append(
            Conv2d(
                source=self._source("Conv"),
                input=source,
                output=output,
                weights=weights,
                bias=self.random.integers(-5000 << 2 * more, 5000 << 2 * more, channels),
                window=window,
                groups=groups,
                multiplier=np.array([m for m, _ in factors], np.int64),
                shift=np.array([max(s - finer, 0) for _, s in factors], np.int64),
                zero_point=0 if table else self._zero_point(output),
                low=self.low << finer,
                high=((self.high + 1) << finer) - 1,
                table=function,
            )
        )
        return output

    def max_pool(self, source: str, window: Window) -> str:
        tensor = self.tensors[source]
        output = self._tensor(tensor.channels, *window.output_size(tensor.height, tensor.width), like=tensor)
        low, high = (self.low, self.high) if self.random.random() < 0.7 else (-20, 100)
        self.operators.append(MaxPool2d(self._source("MaxPool"), source, output, window, low, high))
        return output

    def average_pool(self, source: str, window: Window) -> str:
        tensor = self.tensors[source]
        output = self._tensor(tensor.channels, *window.output_size(tensor.height, tensor.width))
        area = window.kernel[0] * window.kernel[1]
        multiplier, shift = normalise_multiplier(float(self.random.uniform(0.5, 2.0)) / area)
        zero = self._zero_point(output)
        self.operators.append(
            AveragePool2d(
                self._source("AveragePool"), source, output, window, multiplier, shift, zero, self.low, self.high
            )
        )
        return output

    def add(self, a: str, b: str) -> str:
        one, two = self.tensors[a], self.tensors[b]
        output = self._tensor(one.channels, one.height, one.width)
        first, second = (int(m) for m in self.random.integers(8000, 60000, 2))
        addend = -(one.zero_point * first + two.zero_point * second)
        self.operators.append(
            Add(
                self._source("Add"),
                a,
                b,
                output,
                first,
                second,
                addend,
                16,
                self._zero_point(output),
                self.low,
                self.high,
            )
        )
        return output

    def multiply(self, a: str, b: str) -> str:
        one, two = self.tensors[a], self.tensors[b]
        output = self._tensor(one.channels, one.height, one.width)
        multiplier, shift = normalise_multiplier(float(self.random.uniform(0.002, 0.05)) / (1 << (self.bits - 8)))
        limits = (self.low, self.high)
        numbers = (-one.zero_point, -two.zero_point, multiplier, shift, self._zero_point(output), *limits)
        self.operators.append(Multiply(self._source("Mul"), a, b, output, *numbers))
        return output

    def extremum(self, a: str, b: str) -> str:
        """The greater or lesser of two tensors of one grid."""
        one = self.tensors[a]
        output = self._tensor(one.channels, one.height, one.width, one)
        maximum = bool(self.random.random() < 0.5)
        limits = (self.low, self.high) if self.random.random() < 0.7 else (-20, 100)
        self.operators.append(Extremum(self._source("Max" if maximum else "Min"), a, b, output, maximum, *limits))
        return output

    def pair(self, a: str, *, spread: bool = False, swapped: bool = False) -> str:
        """Any operator of two tensors, of ``a`` and a new input; ``spread``: the input is one number per channel."""
        one = self.tensors[a]
        size = (one.channels, 1, 1) if spread else (one.channels, one.height, one.width)
        match self.random.choice(["add", "multiply", "extremum"]):
            case "add":
                operator, like = self.add, ""
            case "multiply":
                operator, like = self.multiply, ""
            case _:
                operator, like = self.extremum, a
        b = self.input(*size, like=like)
        return operator(b, a) if swapped and not spread else operator(a, b)

    def assemble(self, pieces: tuple[Piece, ...], shape: tuple[int, int, int], fill: int = 0) -> str:
        output = self._tensor(*shape)
        self.operators.append(Assemble(self._source("Assemble"), output, pieces, fill))
        return output

    def graph(self, *outputs: str) -> IntegerGraph:
        return IntegerGraph("random", self.tensors, tuple(self.operators), tuple(self.inputs), outputs)

    def data(self, frames: int) -> dict[str, Codes]:
        found = {}
        for name in self.inputs:
            tensor = self.tensors[name]
            shape = (frames, tensor.channels, tensor.height, tensor.width)
            codes = self.random.integers(self.low, self.high + 1, shape)
            corners = self.random.choice([self.low, self.high, 0, tensor.zero_point], shape)
            found[name] = np.where(self.random.random(shape) < 0.2, corners, codes).astype(tensor.code_type)
        return found

    def _tensor(self, channels: int, height: int, width: int, like: Tensor | None = None) -> str:
        name = f"t{len(self.tensors)}"
        anything = int(self.random.integers(self.low, self.high + 1))
        zero = like.zero_point if like else int(self.random.choice([0, 0, self.low, 5, anything]))
        shape = (channels, height, width)
        self.tensors[name] = Tensor(name, *shape, 0.05, zero, self.low, self.high, shape=shape)
        return name

    def _zero_point(self, name: str) -> int:
        return self.tensors[name].zero_point

    def _source(self, op: str) -> Source:
        return Source(f"{op}_{len(self.operators)}", op, f"net.py:{len(self.operators) + 1}")

    def _table(self) -> PiecewiseLinear:
        count = self.segments
        slopes = tuple(int(s) for s in self.random.integers(-300, 300, count))
        offsets = tuple(int(o) for o in self.random.integers(-1 << 22, 1 << 22, count))
        return PiecewiseLinear(slopes, offsets, 23 - self.bits)


def random_window(random: np.random.Generator, height: int, width: int, most: int = 11) -> Window:
    """A window that fits a map: any kernel, stride, dilation and pads of the supported range."""
    while True:
        kernel = tuple(int(k) for k in random.integers(1, most + 1, 2))
        if random.random() < 0.5:
            kernel = (kernel[0], kernel[0])
        stride = tuple(int(s) for s in random.choice([1, 1, 1, 2, 2, 3, 4], 2))
        dilation = tuple(int(d) for d in random.choice([1, 1, 1, 2, 3], 2))
        pads = tuple(int(random.integers(0, kernel[i % 2])) if random.random() < 0.6 else 0 for i in range(4))
        window = Window(kernel, stride, dilation, pads)  # type: ignore[arg-type]
        if min(window.output_size(height, width)) >= 1:
            return window
