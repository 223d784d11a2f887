"""The child process that runs a float network: a script, told by a folder what to do (see :mod:`float_model`).

It imports nothing of this project. The folder holds ``model.onnx`` (whose graph outputs are the wanted values),
``inputs.npz`` (frames first) and ``request.json``; it writes ``result.npz``, or a sentence to standard error.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def main(folder: Path) -> None:
    """Run the request of one folder."""
    request = json.loads((folder / "request.json").read_text())
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"]))
    resource.setrlimit(resource.RLIMIT_AS, (request["bytes"], request["bytes"]))
    inputs: Arrays = dict(np.load(folder / "inputs.npz"))
    run = open_model(folder / "model.onnx", request["level"])
    frames = next(iter(inputs.values())).shape[0]
    if request["statistics"]:
        result = statistics(run, inputs, frames, request["values"], request["bins"])
    else:
        kept: dict[str, list[Any]] = {name: [] for name in request["values"]}
        for frame in range(frames):
            for name, array in evaluate(run, inputs, frame, request["values"]).items():
                kept[name].append(array)
        result = {name: np.stack(arrays) for name, arrays in kept.items()}
    np.savez(folder / "result.npz", **result)


def open_model(path: Path, level: str) -> Callable[[Arrays, list[str]], list[Any]]:
    """A function from inputs and wanted names to arrays: ONNX Runtime, or ONNX's evaluator where it is missing."""
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError:
        evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator(str(path))
        return lambda feeds, names: list(evaluator.run(names, feeds))
    try:
        return open_session(runtime, path, level)
    except Exception:  # what the runtime does not know, a newer operator set perhaps, the evaluator may
        evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator(str(path))
        return lambda feeds, names: list(evaluator.run(names, feeds))


def open_session(runtime: Any, path: Path, level: str) -> Callable[[Arrays, list[str]], list[Any]]:
    """A function from inputs and wanted names to arrays, by ONNX Runtime with one thread."""
    options = runtime.SessionOptions()
    options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, level)
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda feeds, names: list(session.run(names, feeds))


def evaluate(run: Callable[[Arrays, list[str]], list[Any]], inputs: Arrays, frame: int, values: list[str]) -> Arrays:
    """The wanted values of one frame; those that are inputs are taken from there."""
    feeds = {name: array[frame : frame + 1] for name, array in inputs.items()}
    computed = [name for name in values if name not in feeds]
    found = dict(zip(computed, run(feeds, computed) if computed else [], strict=True))
    return {name: feeds[name] if name in feeds else found[name] for name in values}


def statistics(
    run: Callable[[Arrays, list[str]], list[Any]], inputs: Arrays, frames: int, values: list[str], bins: int
) -> Arrays:
    """Of each value over all frames, by its number ``n``: ``n/range``, ``n/counts``, ``n/whole`` and ``n/means``.

    These are the least and the greatest, the counts of equal bins between them, whether all are whole numbers, and the
    mean of each index of the second axis.
    """
    low = dict.fromkeys(values, np.inf)
    high = dict.fromkeys(values, -np.inf)
    whole = dict.fromkeys(values, True)
    sums: dict[str, Any] = dict.fromkeys(values, 0.0)
    for frame in range(frames):
        for name, array in evaluate(run, inputs, frame, values).items():
            low[name] = min(low[name], float(np.min(array)))
            high[name] = max(high[name], float(np.max(array)))
            whole[name] = whole[name] and bool(np.array_equal(array, np.rint(array)))
            sums[name] = sums[name] + channel_means(array)
    bad = [name for name in values if not (np.isfinite(low[name]) and np.isfinite(high[name]))]
    if bad:
        raise ValueError(f"the value {bad[0]!r} becomes NaN or infinite")
    counts = {name: np.zeros(bins, dtype=np.int64) for name in values}
    for frame in range(frames):
        for name, array in evaluate(run, inputs, frame, values).items():
            top = high[name] if high[name] > low[name] else low[name] + max(1.0, abs(low[name]))
            counts[name] += np.histogram(np.asarray(array, dtype=np.float64), bins, (low[name], top))[0]
    result: Arrays = {}
    for index, name in enumerate(values):
        result[f"{index}/range"] = np.asarray([low[name], high[name]])
        result[f"{index}/counts"] = counts[name]
        result[f"{index}/whole"] = np.asarray(whole[name])
        result[f"{index}/means"] = np.asarray(sums[name] / frames, dtype=np.float64)
    return result


def channel_means(array: Any) -> Any:
    """Mean of each index of the second axis; empty for an array of fewer than two axes."""
    if array.ndim < 2:
        return np.zeros(0)
    return np.mean(np.asarray(array, dtype=np.float64), axis=(0, *range(2, array.ndim)))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:  # the parent gets one sentence, whatever went wrong
        lines = str(error).strip().splitlines()
        sys.exit(f"{type(error).__name__}: {lines[0] if lines else ''}")
