"""Running the float network, in a child process with limits of time and memory.

The engine is ONNX Runtime at a named optimisation level, or ONNX's reference evaluator where that is not installed.
Frames are run one after another (batch 1).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from tileloom.compiler import float_child
from tileloom.compiler.network import Network
from tileloom.compiler.problems import ModelError, Problem

Array = npt.NDArray[Any]

SECONDS = 600
"""Limit of the child's time."""
BYTES = 8 << 30
"""Limit of the child's address space."""
BINS = 4096
"""Bins of a histogram."""
PLAIN = "ORT_DISABLE_ALL"
"""ONNX Runtime without any rewriting of the graph: the level that calibration uses."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values fell into equal bins between ``low`` and ``high``.

    ``whole`` says that all of them were whole numbers. ``means`` has the mean of each index of the second axis (the
    channel), and is empty for a value without one.
    """

    low: float
    high: float
    counts: npt.NDArray[np.int64]
    whole: bool = False
    means: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def centres(self) -> npt.NDArray[np.float64]:
        """The middle of each bin."""
        step = ((self.high - self.low) or 1.0) / len(self.counts)
        return np.asarray(self.low + step * (np.arange(len(self.counts)) + 0.5), dtype=np.float64)


def run_float(
    network: Network, inputs: Mapping[str, Array], values: Sequence[str] = (), level: str = PLAIN
) -> dict[str, Array]:
    """Values (by default the outputs) of the float network, frames first: shape ``(frames, *value's shape)``.

    ``inputs`` have the shape ``(frames, *input's shape without batch)`` and the network's element types. Raises
    :class:`ModelError` (TL308) where the network cannot be run.
    """
    names = list(values) or list(network.outputs)
    return _run(network, inputs, names, level, statistics=False)


def observe(network: Network, inputs: Mapping[str, Array], values: Sequence[str]) -> dict[str, Histogram]:
    """Histograms of values over all frames."""
    names = list(values)
    found = _run(network, inputs, names, PLAIN, statistics=True)
    return {
        name: Histogram(
            float(found[f"{index}/range"][0]),
            float(found[f"{index}/range"][1]),
            found[f"{index}/counts"],
            bool(found[f"{index}/whole"]),
            found[f"{index}/means"],
        )
        for index, name in enumerate(names)
    }


def _run(
    network: Network, inputs: Mapping[str, Array], values: list[str], level: str, statistics: bool
) -> dict[str, Array]:
    request = {
        "values": values,
        "level": level,
        "statistics": statistics,
        "bins": BINS,
        "seconds": SECONDS,
        "bytes": BYTES,
    }
    with tempfile.TemporaryDirectory(prefix="tileloom-float-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(_exposing(network, values).SerializeToString())
        np.savez(folder / "inputs.npz", allow_pickle=False, **dict(inputs))
        (folder / "request.json").write_text(json.dumps(request))
        command = [sys.executable, "-P", str(float_child.__file__), str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise _failed(network, f"more than {SECONDS} seconds") from None
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise _failed(network, lines[-1] if lines else f"exit status {done.returncode}")
        with np.load(folder / "result.npz") as result:
            return {key: result[key] for key in result.files}


def _failed(network: Network, value: str) -> ModelError:
    return ModelError(
        [
            Problem(
                "TL308",
                network.name,
                "",
                "the float network must run on its calibration data",
                value,
                "check the model with ONNX Runtime",
            )
        ]
    )


def _exposing(network: Network, values: list[str]) -> onnx.ModelProto:
    """The model with ``values`` as its graph outputs."""
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    del model.graph.output[:]
    for name in values:
        if name not in network.inputs:
            kind = network.types.get(name, onnx.TensorProto.FLOAT)
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, network.shapes.get(name)))
    if not model.graph.output:
        name = network.outputs[0]
        kind = network.types.get(name, onnx.TensorProto.FLOAT)
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, network.shapes.get(name)))
    return model
