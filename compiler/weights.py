"""Weights of convolutions and linear layers: as real numbers, or as the model's own codes with a scale per output."""

from dataclasses import dataclass

import numpy as np

from tileloom.compiler.lowering import refuse
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.real_graph import Floats, Int64s

WIDEST = 255
"""Greatest magnitude of a code of 8 bits minus a zero point of 8 bits."""


@dataclass(frozen=True, eq=False)
class Weights:
    """``values`` of shape (out, ...); where the model gave codes, ``values == codes * scales[:, ...]``."""

    values: Floats
    codes: Int64s | None = None
    scales: Floats | None = None


def weights_of(node: Node, constant: Constant, transposed: bool = False) -> Weights:
    """The weights under a constant whose first axis is the output, or whose last one is if ``transposed``.

    Whole numbers that fit 7 bits and a sign are codes of scale 1. Model codes wider than 8 bits minus a zero
    point of 8 bits, and scales that vary inside an output, are refused.
    """

    def turned(array: Array) -> Array:
        return np.moveaxis(array, -1, 0) if transposed else array

    values = turned(np.asarray(constant.values, dtype=np.float64))
    if constant.codes is None or constant.scales is None:
        if values.size and np.abs(values).max() <= 127 and np.array_equal(values, np.rint(values)):
            return Weights(values, values.astype(np.int64), np.ones(values.shape[0]))
        return Weights(values)
    codes, scales = turned(constant.codes), turned(constant.scales).reshape(values.shape[0], -1)
    if not np.array_equal(scales, np.broadcast_to(scales[:, :1], scales.shape)):
        raise refuse(
            node,
            "TL304",
            "weights must have one scale, or one per output channel",
            "scales along another axis",
            "quantise the weights per tensor or per output channel",
        )
    if codes.size and np.abs(codes).max() > WIDEST:
        raise refuse(
            node,
            "TL303",
            f"weight codes minus their zero point must be from -{WIDEST} to {WIDEST}",
            f"{codes.min()} .. {codes.max()}",
            "quantise the weights to 8 bits",
        )
    return Weights(values, np.asarray(codes, dtype=np.int64), scales[:, 0].copy())
