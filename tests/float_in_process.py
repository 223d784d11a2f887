"""Float runs of trusted small networks in this process: the child's own functions, without its second to start.

The limits of time and memory, and what a child that breaks them looks like, are tested apart.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from tileloom.compiler import float_child, float_model
from tileloom.compiler.float_model import Array
from tileloom.compiler.network import Network


@contextmanager
def float_runs_in_process() -> Iterator[None]:
    """Within it, calibration and float runs start no process."""
    with patch.object(float_model, "_run", _run):
        yield


def _run(
    network: Network, inputs: Mapping[str, Array], values: list[str], level: str, statistics: bool
) -> dict[str, Array]:
    frames = len(next(iter(inputs.values())))
    arrays = dict(inputs)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            path.write_bytes(float_model._exposing(network, values).SerializeToString())
            run = float_child.open_model(path, level)
        if statistics:
            return float_child.statistics(run, arrays, frames, values, float_model.BINS)
        found = [float_child.evaluate(run, arrays, frame, values) for frame in range(frames)]
    except Exception as error:  # as the child, which says whatever went wrong in one sentence
        lines = str(error).splitlines() or [""]
        raise float_model._failed(network, f"{type(error).__name__}: {lines[0]}") from None
    return {name: np.stack([each[name] for each in found]) for name in values}
