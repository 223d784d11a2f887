"""Layers that round their weights and results in training, and compute with the machine's integers in evaluation.

Every layer knows the grid of what it reads (``source``) and has one for what it writes (``grid``). In evaluation the
arithmetic is that of ``tileloom.hw.spec.quant``: exact sums, one multiplier of 16 significant bits a channel, rounding
half to even, clamp.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tileloom.hw.spec.quant import MULTIPLIER_BITS, SHIFT_MAXIMUM, normalise_multiplier, requantise, scaled_add
from tileloom.training.grid import ActivationGrid


class Layer(nn.Module):
    """What all layers share; ``source`` is no submodule, as it is the grid of another layer."""

    def __init__(self, sources: list[ActivationGrid], grid: ActivationGrid) -> None:
        super().__init__()
        self._sources = tuple(sources)
        self.grid = grid

    @property
    def source(self) -> ActivationGrid:
        """The grid of the first operand."""
        return self._sources[0]


class QuantInput(nn.Module):
    """The network's input, rounded to its grid."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.grid = ActivationGrid(bits)

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of ``x``."""
        if self.training:
            rounded: Tensor = self.grid(x)
            return rounded
        return self.grid.values(self.grid.codes(x))


class QuantWeighted(Layer):
    """A convolution or linear layer, ReLU behind it included; weights symmetric, one scale for each output."""

    def __init__(
        self, layer: nn.Conv2d | nn.Linear, source: ActivationGrid, weight_bits: int, bits: int, *, relu: bool
    ) -> None:
        if not 2 <= weight_bits <= 8:
            raise ValueError(f"bits of weights must be from 2 to 8, not {weight_bits}")
        super().__init__([source], ActivationGrid(bits))
        self.layer, self.weight_bits, self.relu = layer, weight_bits, relu
        if layer.bias is None:
            outputs = layer.weight.shape[0]
            layer.bias = nn.Parameter(torch.zeros(outputs))
        layer.requires_grad_(True)

    def scales(self) -> Tensor:
        """One float32 for each output."""
        size = self.layer.weight.detach().abs().flatten(1).amax(dim=1).float()
        return torch.clamp(size / ((1 << (self.weight_bits - 1)) - 1), min=1e-12)

    def weight_codes(self) -> Tensor:
        """Integers (int64) in the shape of the weights."""
        scales = self.scales().reshape(-1, *(1,) * (self.layer.weight.ndim - 1))
        return torch.round(self.layer.weight.detach().float() / scales).long()

    def bias_codes(self) -> Tensor:
        """Integers (int64), in units of the product of both scales."""
        units = self.source.scale() * self.scales().double()
        assert self.layer.bias is not None, "the constructor makes one"
        return torch.round(self.layer.bias.detach().double() / units).long()

    def forward(self, x: Tensor) -> Tensor:
        """``grid(relu(layer(x)))``."""
        if not self.training:
            return self.grid.values(self._integers(self.source.codes(x)))
        weight = self.layer.weight
        scales = self.scales().reshape(-1, *(1,) * (weight.ndim - 1)).to(weight.dtype)
        rounded = weight + (self.weight_codes() * scales - weight).detach()
        total = self._sum(x, rounded, self.layer.bias)
        result: Tensor = self.grid(functional.relu(total) if self.relu else total)
        return result

    def _sum(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        layer = self.layer
        if isinstance(layer, nn.Linear):
            return functional.linear(x, weight, bias)
        assert not isinstance(layer.padding, str), "prepare refuses padding by name"
        return functional.conv2d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)

    def _integers(self, codes: Tensor) -> Tensor:
        centred = (codes - self.source.zero_point()).double()
        sums = self._sum(centred, self.weight_codes().double(), self.bias_codes().double())
        factors = self.source.scale() * self.scales().double().numpy() / self.grid.scale()
        pairs = [normalise_multiplier(float(factor)) for factor in factors]
        shape = (1, -1, *(1,) * (sums.ndim - 2))
        multipliers, shifts = (np.asarray(each, np.int64).reshape(shape) for each in zip(*pairs, strict=True))
        zero = self.grid.zero_point()
        found = requantise(sums.long().numpy(), multipliers, shifts, zero, zero if self.relu else 0, self.grid.most)
        return torch.from_numpy(np.asarray(found))


class QuantAdd(Layer):
    """The sum of two values on grids of their own, ReLU behind it included."""

    def __init__(self, sources: list[ActivationGrid], bits: int, *, relu: bool) -> None:
        super().__init__(sources, ActivationGrid(bits))
        self.relu = relu

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """``grid(relu(a + b))``, both of one shape."""
        if self.training:
            result: Tensor = self.grid(functional.relu(a + b) if self.relu else a + b)
            return result
        first, second = self._sources
        factors = np.asarray([first.scale(), second.scale()]) / self.grid.scale()
        shift = SHIFT_MAXIMUM
        while shift > 0 and np.rint(np.ldexp(factors.max(), shift)) > (1 << (MULTIPLIER_BITS - 1)) - 1:
            shift -= 1
        of_first, of_second = (int(np.rint(np.ldexp(factor, shift))) for factor in factors)
        zero = self.grid.zero_point()
        found = scaled_add(
            (first.codes(a) - first.zero_point()).numpy(),
            (second.codes(b) - second.zero_point()).numpy(),
            of_first,
            of_second,
            0,
            shift,
            zero,
            zero if self.relu else 0,
            self.grid.most,
        )
        return self.grid.values(torch.from_numpy(np.asarray(found)))


class QuantAverage(Layer):
    """The mean of all pixels, or of windows side by side."""

    def __init__(self, source: ActivationGrid, bits: int, window: int | None) -> None:
        super().__init__([source], ActivationGrid(bits))
        self.window = window

    def forward(self, x: Tensor) -> Tensor:
        """``(n, c, h, w)`` to ``(n, c, h / window, w / window)``, or to one pixel without a window."""
        height, width = (self.window, self.window) if self.window else (x.shape[2], x.shape[3])
        if self.training:
            result: Tensor = self.grid(functional.avg_pool2d(x, (height, width)))
            return result
        area = height * width
        centred = (self.source.codes(x) - self.source.zero_point()).double()
        sums = (functional.avg_pool2d(centred, (height, width)) * area).round().long()
        factor = self.source.scale() / (self.grid.scale() * area)
        found = requantise(sums.numpy(), *normalise_multiplier(factor), self.grid.zero_point(), 0, self.grid.most)
        return self.grid.values(torch.from_numpy(np.asarray(found)))
