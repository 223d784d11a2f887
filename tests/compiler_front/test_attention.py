"""Attention: products of two computed matrices between linear layers, exported by both of PyTorch's exporters."""

import numpy as np
import pytest
import torch

from tileloom import api
from tileloom.compilation import compiled
from tileloom.compiler.reference import evaluate
from tileloom.sim.functional.run import run

TOKENS, WIDTH, HEADS = 9, 8, 2


class Block(torch.nn.Module):
    """One block of a vision transformer: patches, self-attention of two heads, a two-layer perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = torch.nn.Conv2d(1, WIDTH, 4, 4)
        self.query, self.key, self.value = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.join = torch.nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = torch.nn.Linear(WIDTH, 2 * WIDTH), torch.nn.Linear(2 * WIDTH, WIDTH)
        self.scores = torch.nn.Linear(WIDTH, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Scores ``(1, 5)`` of an image ``(1, 1, 12, 12)``."""
        x = self.patches(image).flatten(2).transpose(1, 2)
        query, key, value = (self.heads(layer(x)) for layer in (self.query, self.key, self.value))
        weights = torch.softmax(query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5, dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(1, TOKENS, WIDTH)
        x = x + self.join(mixed)
        x = x + self.narrow(torch.relu(self.wide(x)))
        scores: torch.Tensor = self.scores(x.mean(dim=1))
        return scores

    def heads(self, x: torch.Tensor) -> torch.Tensor:
        """``(1, heads, tokens, width of a head)``."""
        return x.reshape(1, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2)


@pytest.mark.parametrize("target", ["default", "small", "small16"])
def test_block_is_exact_and_near_the_float_network(target: str) -> None:
    torch.manual_seed(1)
    block = Block().eval()
    images = np.random.default_rng(2).normal(size=(16, 1, 12, 12)).astype(np.float32)
    argument = api.model(block, (torch.from_numpy(images[:1]),))
    made = compiled(argument, target, {"image": images})
    assert made.quantised is not None
    graph = made.quantised.graph
    (name,), (output,) = graph.inputs, graph.outputs
    tensor = graph.tensors[name]
    codes = np.clip(np.rint(images / tensor.scale) + tensor.zero_point, tensor.low, tensor.high)
    data = {name: codes.astype(np.int16 if tensor.high > 127 else np.int8)}
    expected, result = evaluate(graph, data), run(made.program, data)
    np.testing.assert_array_equal(result.outputs[output], expected[output])
    scores = graph.tensors[output]
    found = (result.outputs[output].reshape(16, 5).astype(float) - scores.zero_point) * scores.scale
    with torch.no_grad():
        wanted = np.concatenate([block(torch.from_numpy(images[i : i + 1])).numpy() for i in range(16)])
    noise = float(np.square(found - wanted).mean() / np.square(wanted - wanted.mean(axis=0)).mean())
    assert noise < (0.02 if target != "small16" else 0.0001), noise
