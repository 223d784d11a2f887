"""The float network in this process: for tests of many small networks, where starting a child takes all the time."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tileloom.compiler import float_child, float_model
from tileloom.compiler.float_model import BINS, Array
from tileloom.compiler.network import Network


def without_child(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on the float networks of this test run in its own process; ``folder`` is for files."""

    def run(
        network: Network, inputs: Mapping[str, Array], values: list[str], level: str, statistics: bool
    ) -> dict[str, Array]:
        file = folder / "float.onnx"
        file.write_bytes(float_model._exposing(network, values).SerializeToString())
        model = float_child.open_model(file, level)
        data = dict(inputs)
        frames = len(next(iter(data.values())))
        if statistics:
            return float_child.statistics(model, data, frames, values, BINS)
        found = [float_child.evaluate(model, data, frame, values) for frame in range(frames)]
        return {name: np.stack([each[name] for each in found]) for name in values}

    monkeypatch.setattr(float_model, "_run", run)
