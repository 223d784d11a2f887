"""Integer graphs made by hand and at random, with data, for the back end's tests."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Conv2d,
    IntegerGraph,
    MaxPool2d,
    Operator,
    Piece,
    Source,
    Tensor,
    Window,
)
from tileloom.hw.spec.quant import PiecewiseLinear, normalise_multiplier

Codes = npt.NDArray[np.int8]


class GraphMaker:
    """Grows a graph operator by operator; numbers are random, sizes are given."""

    def __init__(self, seed: int, segments: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.segments = segments
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        self.inputs: list[str] = []

    def input(self, channels: int, height: int, width: int) -> str:
        name = self._tensor(channels, height, width)
        self.inputs.append(name)
        return name

    def conv(self, source: str, channels: int, window: Window, groups: int = 1, *, table: bool = False) -> str:
        tensor = self.tensors[source]
        height, width = window.output_size(tensor.height, tensor.width)
        output = self._tensor(channels, height, width)
        shape = (channels, tensor.channels // groups, *window.kernel)
        weights = self.random.integers(-128, 128, shape).astype(np.int8)
        if self.random.random() < 0.3:
            weights[self.random.random(shape) < 0.5] = 127
        size = float(np.sqrt(weights[0].size)) * 74 * 74
        factors = [normalise_multiplier(float(f)) for f in self.random.uniform(0.3, 3.0, channels) * 60 / size]
        wide = 64 if table else 1
        function = self._table() if table else None
        self.operators.append(
            Conv2d(
                source=self._source("Conv"),
                input=source,
                output=output,
                weights=weights,
                bias=self.random.integers(-5000, 5000, channels),
                window=window,
                groups=groups,
                multiplier=np.array([m for m, _ in factors], np.int64),
                shift=np.array([max(s - (6 if table else 0), 0) for _, s in factors], np.int64),
                zero_point=0 if table else self._zero_point(output),
                low=-128 * wide,
                high=128 * wide - 1,
                table=function,
            )
        )
        return output

    def max_pool(self, source: str, window: Window) -> str:
        tensor = self.tensors[source]
        output = self._tensor(tensor.channels, *window.output_size(tensor.height, tensor.width), like=tensor)
        low, high = (-128, 127) if self.random.random() < 0.7 else (-20, 100)
        self.operators.append(MaxPool2d(self._source("MaxPool"), source, output, window, low, high))
        return output

    def average_pool(self, source: str, window: Window) -> str:
        tensor = self.tensors[source]
        output = self._tensor(tensor.channels, *window.output_size(tensor.height, tensor.width))
        area = window.kernel[0] * window.kernel[1]
        multiplier, shift = normalise_multiplier(float(self.random.uniform(0.5, 2.0)) / area)
        zero = self._zero_point(output)
        self.operators.append(
            AveragePool2d(self._source("AveragePool"), source, output, window, multiplier, shift, zero, -128, 127)
        )
        return output

    def add(self, a: str, b: str) -> str:
        one, two = self.tensors[a], self.tensors[b]
        output = self._tensor(one.channels, one.height, one.width)
        first, second = (int(m) for m in self.random.integers(8000, 60000, 2))
        addend = -(one.zero_point * first + two.zero_point * second)
        self.operators.append(
            Add(self._source("Add"), a, b, output, first, second, addend, 16, self._zero_point(output), -128, 127)
        )
        return output

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
            codes = self.random.integers(-128, 128, shape)
            corners = self.random.choice([-128, 127, 0, tensor.zero_point], shape)
            found[name] = np.where(self.random.random(shape) < 0.2, corners, codes).astype(np.int8)
        return found

    def _tensor(self, channels: int, height: int, width: int, like: Tensor | None = None) -> str:
        name = f"t{len(self.tensors)}"
        zero = (
            like.zero_point if like else int(self.random.choice([0, 0, -128, 5, int(self.random.integers(-128, 128))]))
        )
        self.tensors[name] = Tensor(name, channels, height, width, 0.05, zero, shape=(channels, height, width))
        return name

    def _zero_point(self, name: str) -> int:
        return self.tensors[name].zero_point

    def _source(self, op: str) -> Source:
        return Source(f"{op}_{len(self.operators)}", op, f"net.py:{len(self.operators) + 1}")

    def _table(self) -> PiecewiseLinear:
        count = self.segments
        slopes = tuple(int(s) for s in self.random.integers(-300, 300, count))
        offsets = tuple(int(o) for o in self.random.integers(-1 << 22, 1 << 22, count))
        return PiecewiseLinear(slopes, offsets, 15)


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
