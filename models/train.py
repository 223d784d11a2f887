"""Train the zoo networks on the digits and write their ONNX files: ``python -m tileloom.models.train``.

Takes less than a minute on one core and needs the extra ``train``. Seeds, order and thread count are fixed; a rerun
on the same machine and PyTorch gives the same files.
"""

import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tileloom.models.digits import SIZE, STORE, split, write_files
from tileloom.models.export import export_onnx
from tileloom.models.lenet5 import LeNet5
from tileloom.models.modern import DigitsModern


@dataclass(frozen=True)
class Recipe:
    """How one network is trained: AdamW with a one-cycle learning rate, digits shifted by up to ``shift`` pixels."""

    name: str
    network: Callable[[], nn.Module]
    epochs: int = 40
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    shift: int = 3
    seed: int = 5


RECIPES = (Recipe("lenet5", LeNet5), Recipe("digits_modern", DigitsModern))


def train(recipe: Recipe, images: Tensor, labels: Tensor) -> nn.Module:
    """A network trained on ``images`` ``(n, 1, 32, 32)`` and ``labels`` ``(n,)``, in evaluation mode."""
    torch.manual_seed(recipe.seed)
    network = recipe.network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = -(-len(labels) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, epochs=recipe.epochs, steps_per_epoch=steps
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for _ in range(recipe.epochs):
        network.train()
        order = torch.randperm(len(labels))
        for first in range(0, len(labels), recipe.batch):
            chosen = order[first : first + recipe.batch]
            loss = loss_of(network(shifted(images[chosen], recipe.shift)), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def shifted(images: Tensor, shift: int) -> Tensor:
    """Each image moved by its own random ``-shift .. shift`` pixels per axis; paper (0) comes in at the border."""
    padded = nn.functional.pad(images, (shift,) * 4)
    offsets = torch.randint(0, 2 * shift + 1, (len(images), 2)).tolist()
    return torch.stack([image[:, y : y + SIZE, x : x + SIZE] for image, (y, x) in zip(padded, offsets, strict=True)])


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of ``images`` whose largest score is their label."""
    with torch.inference_mode():
        return float((network(images).argmax(1) == labels).float().mean())


def main() -> None:
    """Train and export every network, and write the digits that the package ships."""
    torch.use_deterministic_algorithms(True)
    # One thread: sums are then added in one order, whatever the number of cores.
    torch.set_num_threads(1)
    # The exporter speaks of torchvision, which nothing here uses, and of its own internals.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
    write_files()
    learn, rest = split()
    for recipe in RECIPES:
        start = time.monotonic()
        network = train(recipe, torch.from_numpy(learn.images), torch.from_numpy(learn.labels))
        score = accuracy(network, torch.from_numpy(rest.images), torch.from_numpy(rest.labels))
        path = STORE / f"{recipe.name}.onnx"
        export_onnx(network, torch.zeros(1, 1, SIZE, SIZE), path)
        seconds = time.monotonic() - start
        print(
            f"{recipe.name}: {score:.1%} of {len(rest.labels)} held-out digits, "
            f"{path.stat().st_size:,} bytes, {seconds:.0f} s"
        )


if __name__ == "__main__":
    main()
