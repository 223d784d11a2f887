"""The six models that are mutated: small enough that a mutant often hits more than weights."""

from functools import cache

import numpy as np
import onnx
from onnx import TensorProto

from tileloom.compiler.operator_example import Array, Example, integers, numbers, step
from tileloom.models.zoo import MODELS


@cache
def models() -> dict[str, bytes]:
    """Serialised models by name."""
    made = {
        "classifier": _classifier(),
        "quantised": _quantised(),
        "branches": _branches(),
        "shapes": _shapes(),
        "channels last": _channels_last(),
    }
    smallest = min(MODELS, key=lambda zoo: zoo.path.stat().st_size)
    return {name: model.SerializeToString() for name, model in made.items()} | {
        smallest.name: smallest.path.read_bytes()
    }


def _classifier() -> onnx.ModelProto:
    nodes = (
        step("Conv", "x w b", "c", pads=[1, 1, 1, 1], strides=[2, 2]),
        step("BatchNormalization", "c s b m v", "n"),
        step("Relu", "n", "r"),
        step("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
        step("Flatten", "p", "f"),
        step("Gemm", "f g", "d", transB=1),
        step("Softmax", "d", "y"),
    )
    statistics: dict[str, Array] = {name: np.abs(numbers(4, seed=seed)) + 0.5 for seed, name in enumerate("sbmv")}
    weights = {"w": numbers(4, 3, 3, 3), "g": numbers(5, 16, seed=4), **statistics}
    return Example("classifier", nodes, (1, 3, 8, 8), weights).model()


def _quantised() -> onnx.ModelProto:
    nodes = (
        step("QuantizeLinear", "x s z", "q"),
        step("DequantizeLinear", "q s z", "d"),
        step("DequantizeLinear", "w t u", "k", axis=0),
        step("Conv", "d k", "c", group=2, dilations=[2, 1]),
        step("QuantizeLinear", "c s z", "e"),
        step("DequantizeLinear", "e s z", "y"),
    )
    weights: dict[str, Array] = {
        "s": np.asarray(0.05, np.float32),
        "z": np.asarray(3, np.int8),
        "w": np.random.default_rng(5).integers(-127, 128, (4, 2, 3, 3)).astype(np.int8),
        "t": np.linspace(0.01, 0.04, 4, dtype=np.float32),
        "u": np.zeros(4, np.int8),
    }
    return Example("quantised", nodes, (1, 4, 9, 7), weights).model()


def _branches() -> onnx.ModelProto:
    nodes = (
        step("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        step("Sigmoid", "a", "g"),
        step("AveragePool", "a", "p", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        step("Add", "g p", "s"),
        step("Clip", "s l h", "k"),
        step("GlobalAveragePool", "k", "y"),
    )
    limits: dict[str, Array] = {"l": np.asarray(0.0, np.float32), "h": np.asarray(6.0, np.float32)}
    return Example("branches", nodes, (1, 2, 6, 5), {"w": numbers(4, 2, 3, 3), **limits}).model()


def _shapes() -> onnx.ModelProto:
    nodes = (
        step("Relu", "x", "r"),
        step("Shape", "r", "n"),
        step("Gather", "n i", "b"),
        step("Concat", "b m", "t", axis=0),
        step("Reshape", "r t", "f"),
        step("MatMul", "f w", "y"),
    )
    weights: dict[str, Array] = {"i": integers(0), "m": integers(-1), "w": numbers(24, 3)}
    return Example("shapes", nodes, (1, 2, 3, 4), weights, output_type=TensorProto.FLOAT).model()


def _channels_last() -> onnx.ModelProto:
    nodes = (
        step("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        step("Conv", "t w", "c", auto_pad="SAME_UPPER", strides=[2, 2]),
        step("Tanh", "c", "h"),
        step("Transpose", "h", "y", perm=[0, 2, 3, 1]),
    )
    return Example("channels last", nodes, (1, 6, 5, 3), {"w": numbers(4, 3, 3, 3)}, opset=13).model()
