"""The exact meaning of Assemble: elements copied by number, the rest filled."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Assemble, Piece, Tensor

Codes = npt.NDArray[np.signedinteger]
Indices = npt.NDArray[np.int64]


def assemble(operator: Assemble, codes: Mapping[str, Codes], written: Tensor) -> Codes:
    """Output codes ``(frames, channels, height, width)`` of the tensor ``written``."""
    first = codes[operator.pieces[0].input]
    result = np.full((len(first), written.elements), operator.fill, written.code_type)
    for piece in operator.pieces:
        source = codes[piece.input].reshape(len(first), -1)
        result[:, target_elements(piece)] = source[:, source_elements(piece)]
    return result.reshape(len(first), written.channels, written.height, written.width)


def source_elements(piece: Piece) -> Indices:
    """Numbers of the elements that a piece reads, in the order of its loops."""
    return _elements(piece.counts, piece.source_start, piece.source_strides)


def target_elements(piece: Piece) -> Indices:
    """Numbers of the elements that a piece writes, in the order of its loops."""
    return _elements(piece.counts, piece.target_start, piece.target_strides)


def _elements(counts: tuple[int, int, int], start: int, strides: tuple[int, int, int]) -> Indices:
    numbers = np.full(counts, start, np.int64)
    for axis, (count, stride) in enumerate(zip(counts, strides, strict=True)):
        shape = [1, 1, 1]
        shape[axis] = count
        numbers += (np.arange(count, dtype=np.int64) * stride).reshape(shape)
    return numbers.ravel()
