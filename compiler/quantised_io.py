"""Between the user's arrays and codes: quantise inputs, dequantise outputs."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Tensor
from tileloom.compiler.problems import ModelError, Problem

Array = npt.NDArray[Any]


def quantise_input(tensor: Tensor, array: Array) -> npt.NDArray[np.signedinteger]:
    """Codes of shape ``(frames, channels, height, width)`` from the user's array.

    Parameters
    ----------
    array : of shape ``(frames, *tensor.shape)``, ``(frames, 1, *tensor.shape)`` or, for one frame, ``tensor.shape``.
        Floats are real values: ``saturate(round_half_even(x / scale) + zero_point)``, the division in the array's own
        precision, as ONNX QuantizeLinear does. Integers are codes, taken as they are; but of unsigned ones as wide as
        the tensor's codes half of their range is subtracted: 128 of uint8, or 32768 of uint16

    Raises :class:`ModelError` (TL307) for a wrong shape, NaN, or codes out of range.
    """
    given = np.asarray(array)
    frames = _with_frames(tensor, given)
    if given.dtype.kind == "f":
        codes = _rounded(tensor, frames)
    elif given.dtype.kind == "u" and given.itemsize == tensor.code_type.itemsize:
        codes = frames.astype(np.int64) - (128 if given.itemsize == 1 else 32768)
    elif given.dtype.kind in "iu":
        codes = frames.astype(np.int64)
    else:
        raise _fault(tensor, "the array must hold floats or integer codes", str(given.dtype))
    if codes.size and (codes.min() < tensor.low or codes.max() > tensor.high):
        rule = f"codes must be from {tensor.low} to {tensor.high}"
        raise _fault(tensor, rule, f"{codes.min()} .. {codes.max()}")
    planes = codes.astype(tensor.code_type)
    if tensor.channels_last:
        shaped = planes.reshape(-1, tensor.height, tensor.width, tensor.channels)
        return np.ascontiguousarray(shaped.transpose(0, 3, 1, 2))
    return planes.reshape(-1, tensor.channels, tensor.height, tensor.width)


def dequantise_output(tensor: Tensor, codes: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.float32]:
    """Real values of shape ``(frames, *tensor.shape)``, in the user's order, from codes ``(frames, C, H, W)``."""
    return ((in_user_order(tensor, codes).astype(np.float64) - tensor.zero_point) * tensor.scale).astype(np.float32)


def in_user_order(tensor: Tensor, codes: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.signedinteger]:
    """The codes themselves as the user sees them: ``(frames, *tensor.shape)``."""
    planes = codes.reshape(-1, tensor.channels, tensor.height, tensor.width)
    if tensor.channels_last:
        planes = planes.transpose(0, 2, 3, 1)
    return planes.reshape(len(planes), *tensor.shape)


def _rounded(tensor: Tensor, values: Array) -> npt.NDArray[np.int64]:
    if not np.all(np.isfinite(values)):
        raise _fault(tensor, "the array must hold finite numbers", "NaN or infinity")
    precise = values if values.dtype == np.float64 else values.astype(np.float32)
    with np.errstate(over="ignore"):  # infinity saturates as any other great number
        codes = np.rint(precise / precise.dtype.type(tensor.scale)).astype(np.float64) + tensor.zero_point
    return np.asarray(np.clip(codes, tensor.low, tensor.high), dtype=np.int64)


def _with_frames(tensor: Tensor, array: Array) -> Array:
    """The array as ``(frames, *tensor.shape)``; axes of size 1 may be missing or too many."""
    packed = tuple(size for size in tensor.shape if size != 1)
    if array.size and tuple(size for size in array.shape[1:] if size != 1) == packed:
        return array.reshape(array.shape[0], *tensor.shape)
    if array.size and tuple(size for size in array.shape if size != 1) == packed:
        return array.reshape(1, *tensor.shape)
    wanted = ", ".join(["frames", *(str(size) for size in tensor.shape)])
    raise _fault(tensor, f"the array must have the shape ({wanted})", str(array.shape))


def _fault(tensor: Tensor, rule: str, value: str) -> ModelError:
    return ModelError([Problem("TL307", tensor.name, "", rule, value, "correct the input data")])
