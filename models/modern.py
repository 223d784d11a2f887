"""A small convnet with the parts of today's networks: 475,456 multiply-accumulates a frame.

3x3 and 1x1 convolutions, each with batch normalisation; ReLU; max-pool; a convolution of stride 2; a residual add;
global average pool; a linear layer at the end.
"""

import torch
from torch import Tensor, nn

MACS = 475_456


class DigitsModern(nn.Module):
    """``(n, 1, 32, 32)`` in [0, 1] to ``(n, 10)`` scores, the largest naming the digit."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2)
        self.down = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(16)
        self.inner = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.inner_norm = nn.BatchNorm2d(16)
        self.outer = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.outer_norm = nn.BatchNorm2d(16)
        self.widen = nn.Conv2d(16, 32, 1, bias=False)
        self.widen_norm = nn.BatchNorm2d(32)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.classify = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of a batch of images."""
        x = torch.relu(self.stem_norm(self.stem(image)))
        x = self.pool(x)
        x = torch.relu(self.down_norm(self.down(x)))
        branch = torch.relu(self.inner_norm(self.inner(x)))
        branch = self.outer_norm(self.outer(branch))
        x = torch.relu(x + branch)
        x = torch.relu(self.widen_norm(self.widen(x)))
        x = self.average(x)
        x = torch.flatten(x, 1)
        scores: Tensor = self.classify(x)
        return scores
