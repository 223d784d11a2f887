"""Calibration data: the user's arrays checked against the network's inputs, or random data by a seed."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx

from tileloom.compiler.float_model import Array
from tileloom.compiler.network import Network
from tileloom.compiler.pictures import Pictures
from tileloom.compiler.problems import ModelError, Problem

FRAMES = 512
"""Frames that are used at most: the first ones."""
RANDOM_FRAMES = 16
"""Frames of random data where the user gives none."""


Calibration = Mapping[str, Array] | Pictures | Iterable[Any]
"""Arrays by input name (frames first), a folder of pictures, or an iterable of frames or batches.

An item of an iterable is a mapping by input name, or a sequence in the order of the inputs (what follows, labels say,
is left out), or the array of the only input.
"""


def gathered(network: Network, given: Calibration) -> Mapping[str, Array]:
    """Arrays by input name, at most :data:`FRAMES` frames, not yet checked."""
    if isinstance(given, Mapping):
        return given
    if isinstance(given, Pictures):
        return {name: given.read(name, network.shapes[name][1:], FRAMES) for name in network.inputs}
    parts: dict[str, list[Array]] = {name: [] for name in network.inputs}
    frames = 0
    for item in given:
        if isinstance(item, Mapping):
            arrays = {str(name): np.asarray(array) for name, array in item.items()}
        else:
            row = item if isinstance(item, list | tuple) else [item]
            arrays = {name: np.asarray(array) for name, array in zip(network.inputs, row, strict=False)}
        count = 0
        for name, array in arrays.items():
            fitted = _fitted(array, network.shapes[name][1:]) if name in parts else None
            if fitted is None:
                return arrays
            parts[name].append(fitted)
            count = len(fitted)
        frames += count
        if frames >= FRAMES:
            break
    return {name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}


def checked_data(network: Network, data: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays of shape ``(frames, *shape without batch)`` and the inputs' own types, for every input.

    Arrays may lack axes of size 1, and a single frame may lack the frame axis. Raises :class:`ModelError` with every
    fault.
    """
    problems: list[Problem] = []
    arrays: dict[str, Array] = {}
    for name in network.inputs:
        if name not in data:
            found = ", ".join(repr(key) for key in data) or "nothing"
            problems.append(_problem(name, "there must be an array named like the input", found, f"name it {name!r}"))
            continue
        fitted = _fitted(np.asarray(data[name]), network.shapes[name][1:])
        if fitted is None:
            wanted = ["frames", *network.shapes[name][1:]]
            problems.append(
                _problem(
                    name,
                    f"the array must have the shape ({', '.join(str(size) for size in wanted)})",
                    str(tuple(np.shape(data[name]))),
                    "reshape it" if np.size(data[name]) else "give at least one frame",
                )
            )
            continue
        wanted_type = onnx.helper.tensor_dtype_to_np_dtype(network.types[name])
        with np.errstate(over="ignore", invalid="ignore"):
            cast = fitted[:FRAMES].astype(wanted_type) if fitted.dtype.kind in "fiub" else fitted
        if fitted.dtype.kind not in "fiub" or not np.all(np.isfinite(cast)):
            value = f"values beyond {wanted_type}" if fitted.dtype.kind in "fiub" else str(fitted.dtype)
            if fitted.dtype.kind == "f" and not np.all(np.isfinite(fitted)):
                value = "NaN or infinity"
            problems.append(_problem(name, "the array must hold finite numbers", value, "clean the data"))
            continue
        arrays[name] = cast
    if not problems and len({len(array) for array in arrays.values()}) > 1:
        counts = ", ".join(f"{name!r} {len(array)}" for name, array in arrays.items())
        problems.append(_problem(network.name, "all inputs must have as many frames", counts, "cut them to one length"))
    if problems:
        raise ModelError(problems)
    return arrays


def random_data(network: Network, seed: int) -> dict[str, Array]:
    """Normally distributed frames for every input; for integer inputs and graphs all whole numbers of 8 bits."""
    generator = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    whole = any(node.op == "RequantShift" for node in network.nodes())
    for name in network.inputs:
        shape = (RANDOM_FRAMES, *network.shapes[name][1:])
        dtype = onnx.helper.tensor_dtype_to_np_dtype(network.types[name])
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            arrays[name] = generator.integers(limits.min, limits.max + 1, shape).astype(dtype)
        elif whole:
            arrays[name] = generator.integers(0, 256, shape).astype(dtype)
        else:
            arrays[name] = generator.normal(0.0, 1.0, shape).astype(dtype)
    return arrays


def _fitted(array: Array, shape: tuple[int, ...]) -> Array | None:
    """The array with frames first, None where it does not fit."""
    if array.size == 0:
        return None
    packed = tuple(size for size in shape if size != 1)
    for frames in (array.shape[0] if array.ndim else 1, 1):
        rest = array.shape[1:] if frames != 1 or array.shape[:1] == (1,) else array.shape
        if tuple(size for size in rest if size != 1) == packed:
            return array.reshape(frames, *shape)
    return None


def _problem(name: str, rule: str, value: str, fix: str) -> Problem:
    return Problem("TL307", name, "", rule, value, fix)
