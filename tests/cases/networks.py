"""The case networks and their data: where they are, how they are read, and what the integer network gives for them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.import_edges import ROOT
from tileloom.compiler.float_model import run_float
from tileloom.compiler.frontend import quantise, read_model
from tileloom.compiler.graph import IntegerGraph
from tileloom.compiler.network import Network
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate

Array = NDArray[Any]
CASES = Path(os.environ.get("TILELOOM_CASES", ROOT.parent / "shared" / "cases"))


def case(name: str) -> Path:
    """A file of the cases; the test is skipped where it is absent."""
    path = CASES / name
    if not path.exists():
        pytest.skip("the case networks are not here: set TILELOOM_CASES to their folder")
    return path


def arrays(name: str) -> dict[str, Array]:
    """The arrays of an .npz file of the cases."""
    with np.load(case(name)) as file:
        return {key: file[key] for key in file.files}


def pictures(folder: str, width: int, height: int) -> Array:
    """All photographs of a case, resized, as uint8 RGB ``(frames, height, width, 3)``."""
    from PIL import Image

    paths = sorted(case(folder).glob("*.jpg"))
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((width, height))) for path in paths])


def integers(name: str, calibration: Array | None = None) -> tuple[Network, IntegerGraph]:
    """A case's network and its integer graph; ``calibration`` feeds its only input."""
    network = read_model(case(name))
    (entry,) = network.inputs
    return network, quantise(network, None if calibration is None else {entry: calibration})


def integer_outputs(graph: IntegerGraph, x: Array) -> dict[str, Array]:
    """Real values of the accelerator's outputs, frames first."""
    (entry,) = graph.inputs
    codes = evaluate(graph, {entry: quantise_input(graph.tensors[entry], x)})
    return {name: dequantise_output(graph.tensors[name], codes[name]) for name in graph.outputs}


def float_outputs(network: Network, x: Array, names: tuple[str, ...]) -> Mapping[str, Array]:
    """The same values of the network itself, by ONNX Runtime; integer inputs and outputs are codes of its own grids."""
    (entry,) = network.inputs
    kind = onnx.helper.tensor_dtype_to_np_dtype(network.types[entry])
    return run_float(network, {entry: np.asarray(x).astype(kind).reshape(len(x), *network.shapes[entry][1:])}, names)


def accuracy(scores: Array, labels: Array) -> float:
    """Share of frames whose greatest score is the label's."""
    return float(np.mean(scores.reshape(len(labels), -1).argmax(axis=1) == labels))
