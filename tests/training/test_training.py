"""Quantisation-aware training: evaluation equals reference and functional simulator, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.float_in_process import float_runs_in_process
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.frontend import quantise, read_model
from tileloom.compiler.quantised_io import quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.models.digits import split
from tileloom.sim.functional.run import run
from tileloom.training.export import export_onnx
from tileloom.training.prepare import prepare


class Small(nn.Module):
    """Everything that ``prepare`` knows: batch norm, strides, groups, an addition, every pool, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.third = nn.Conv2d(8, 8, 1)
        self.pool = nn.MaxPool2d(2)
        self.halve = nn.AvgPool2d(2)
        self.fourth = nn.Conv2d(8, 12, 3)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.1)
        self.scores = nn.Linear(12, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = torch.relu(self.third(torch.relu(self.second(x))) + x)
        x = self.fourth(self.halve(self.pool(x)))
        scores: torch.Tensor = self.scores(self.dropout(self.flatten(self.mean(torch.relu(x)))))
        return scores


def trained(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, steps: int, rate: float) -> None:
    torch.manual_seed(2)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    network.train()
    for _ in range(steps):
        chosen = torch.randint(len(labels), (64,))
        loss = nn.functional.cross_entropy(network(images[chosen]), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def accuracy(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    network.eval()
    with torch.no_grad():
        return float((network(images).argmax(1) == labels).float().mean())


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    train, held = split()
    return (
        torch.from_numpy(train.images),
        torch.from_numpy(train.labels).long(),
        torch.from_numpy(held.images),
        torch.from_numpy(held.labels).long(),
    )


@pytest.fixture(scope="module")
def floats(digits: tuple[torch.Tensor, ...]) -> Small:
    torch.manual_seed(1)
    network = Small()
    trained(network, digits[0], digits[1], 250, 5e-3)
    return network


@pytest.mark.parametrize(("weights", "activations"), [(8, 8), (4, 4), (3, 8)])
def test_evaluation_is_the_program(
    weights: int, activations: int, floats: Small, digits: tuple[torch.Tensor, ...], tmp_path: Path
) -> None:
    images, labels, held, held_labels = digits
    network = prepare(floats, weights=weights, activations=activations, layers={"first": (8, 8)})
    trained(network, images, labels, 5, 0.0)
    before = accuracy(network, held, held_labels)
    trained(network, images, labels, 120, 2e-3)
    after = accuracy(network, held, held_labels)
    assert after >= min(before, 0.9)
    if weights == activations == 4:
        assert after > before + 0.02, "training must repair what rounding to four bits breaks"

    path = tmp_path / "trained.onnx"
    export_onnx(network, (1, 1, 32, 32), path)
    with float_runs_in_process():
        graph = quantise(read_model(path))
    some = held[:64]
    codes = {"input": quantise_input(graph.tensors["input"], some.numpy())}
    (output,) = graph.outputs
    expected, found = evaluate(graph, codes)[output], run(compile_graph(graph, load_target("small")), codes)
    np.testing.assert_array_equal(found.outputs[output], expected)
    tensor = graph.tensors[output]
    with torch.no_grad():
        values = network(some).numpy().astype(np.float64)
    ours = np.rint(values / tensor.scale).astype(np.int64) + tensor.zero_point
    np.testing.assert_array_equal(ours.reshape(expected.shape), expected)


def test_gradients_reach_every_weight(floats: Small, digits: tuple[torch.Tensor, ...]) -> None:
    network = prepare(floats, weights=2, activations=2)
    network(digits[0][:8]).square().sum().backward()
    assert all(each.grad is not None and torch.isfinite(each.grad).all() for each in network.parameters())


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="Sigmoid"):
        prepare(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sigmoid()))
    with pytest.raises(ValueError, match="no layer 'conv9'"):
        prepare(nn.Sequential(nn.Conv2d(1, 2, 3)), layers={"conv9": (4, 4)})
    with pytest.raises(ValueError, match="bits of activations"):
        prepare(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 1)), activations=5)
