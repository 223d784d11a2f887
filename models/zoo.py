"""The networks that ship with the package, each with its data: what ``tileloom zoo`` lists and ``demo`` runs."""

from dataclasses import dataclass
from pathlib import Path

from tileloom.models.digits import STORE, Digits, Images, calibration, held_out


@dataclass(frozen=True)
class ZooModel:
    """A trained network of one input and one output, batch 1.

    The input ``image`` is ``(1, 1, 32, 32)`` float32 in [0, 1]; the output ``scores`` is ``(1, 10)``.
    """

    name: str
    summary: str
    macs: int
    """Multiply-accumulates of one frame, convolutions and fully connected layers."""
    parameters: int
    """Weights and biases of the exported network, batch normalisation folded."""

    @property
    def path(self) -> Path:
        """The ONNX file in the package."""
        return STORE / f"{self.name}.onnx"

    @property
    def calibration_path(self) -> Path:
        """The calibration digits as they are stored; :meth:`calibration` gives them as network inputs."""
        return STORE / "digits_calibration.npz"

    def calibration(self) -> dict[str, Images]:
        """Inputs for choosing quantisation ranges, by input name: 64 training digits, ``(64, 1, 32, 32)``."""
        return {"image": calibration().images}

    def held_out(self) -> Digits:
        """The 360 digits that training never saw, with their labels."""
        return held_out()


MODELS: tuple[ZooModel, ...] = (
    ZooModel("lenet5", "LeNet-5: 5x5 convolutions, tanh, average pooling", 416_520, 61_706),
    ZooModel("digits_modern", "3x3 and 1x1 convolutions, ReLU, max-pool, stride 2, residual add", 475_456, 6_762),
)


def find(name: str) -> ZooModel:
    """The network called ``name``.

    Raises
    ------
    KeyError
        No such network; the text lists the names there are.

    >>> find("lenet5").macs
    416520
    """
    for model in MODELS:
        if model.name == name:
            return model
    raise KeyError(f"There is no zoo network {name!r}; there are {', '.join(model.name for model in MODELS)}.")
