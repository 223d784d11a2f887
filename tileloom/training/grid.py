"""Grids of activations: ranges that are learned from data, and rounding that lets gradients through."""

import torch
from torch import Tensor, nn

MOMENTUM = 0.05
"""Part by which a range follows each batch, after the first."""
BITS = (2, 4, 8)
"""Widths of activations that ONNX has types for."""


class ActivationGrid(nn.Module):
    """Rounds to ``2**bits`` evenly spaced values that cover the range of what has passed in training, 0 among them.

    Codes are ``0 .. 2**bits - 1``. In training the range follows the batches and gradients pass within it; in
    evaluation the range stays.
    """

    def __init__(self, bits: int = 8) -> None:
        if bits not in BITS:
            raise ValueError(f"bits of activations must be one of {', '.join(map(str, BITS))}, not {bits}")
        super().__init__()
        self.bits = bits
        self.low: Tensor
        self.high: Tensor
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))

    @property
    def most(self) -> int:
        """The greatest code."""
        return (1 << self.bits) - 1

    def scale(self) -> float:
        """Distance of two values, a float32; positive."""
        extent = max(float(self.high) - float(self.low), 1e-8)
        return float(torch.tensor(extent / self.most, dtype=torch.float32))

    def zero_point(self) -> int:
        """The code of 0."""
        return min(max(round(-float(self.low) / self.scale()), 0), self.most)

    def forward(self, x: Tensor) -> Tensor:
        """The values of the grid that are nearest to ``x``, half to even; of its shape."""
        if self.training:
            self._follow(x.detach())
        scale, zero = self.scale(), self.zero_point()
        low, high = -zero * scale, (self.most - zero) * scale
        inside = torch.clamp(x, low, high)
        rounded = (torch.round(inside.detach() / scale + 0.0) * scale).to(x.dtype)
        return inside + (rounded - inside).detach()

    def codes(self, x: Tensor) -> Tensor:
        """Codes (int64) of values, as QuantizeLinear gives them."""
        return torch.clamp(torch.round(x.float() / self.scale()) + self.zero_point(), 0, self.most).long()

    def values(self, codes: Tensor) -> Tensor:
        """Values (float32) of codes."""
        return (codes - self.zero_point()).float() * self.scale()

    def _follow(self, x: Tensor) -> None:
        low, high = torch.clamp(x.min(), max=0.0), torch.clamp(x.max(), min=0.0)
        if float(self.high) == float(self.low):
            self.low.copy_(low)
            self.high.copy_(high)
        else:
            self.low.lerp_(low, MOMENTUM)
            self.high.lerp_(high, MOMENTUM)
