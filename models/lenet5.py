"""LeNet-5 with the full connection table: 416,520 multiply-accumulates a frame.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
Differences from the paper: the second convolution reads all six maps, pooling has no trained factor, tanh is plain,
and the output is a linear layer.
"""

import torch
from torch import Tensor, nn

MACS = 416_520


class LeNet5(nn.Module):
    """``(n, 1, 32, 32)`` in [0, 1] to ``(n, 10)`` scores, the largest naming the digit."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.f7 = nn.Linear(84, 10)
        self.pool = nn.AvgPool2d(2)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of a batch of images."""
        x = torch.tanh(self.c1(image))
        x = self.pool(x)
        x = torch.tanh(self.c3(x))
        x = self.pool(x)
        x = torch.tanh(self.c5(x))
        x = torch.flatten(x, 1)
        x = torch.tanh(self.f6(x))
        scores: Tensor = self.f7(x)
        return scores
