"""Random convolutions and pools with integer numbers: exact equality with ONNX Runtime before requantisation."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tileloom.compiler.float_model import Histogram
from tileloom.compiler.frontend import simplify, take_model
from tileloom.compiler.graph import Conv2d, IntegerGraph, MaxPool2d
from tileloom.compiler.integer.conv2d import accumulate
from tileloom.compiler.passes.calibrate import calibrate, values_to_observe
from tileloom.compiler.passes.quantise_graph import quantise_graph
from tileloom.compiler.passes.verify_graph import verify_graph
from tileloom.compiler.reference import evaluate

CASES = 150


def model_of(op: str, shape: tuple[int, ...], weights: np.ndarray | None, **attributes: Any) -> bytes:
    """int8 input -> DequantizeLinear of scale 1 -> the operator; weights int8 with scale 1, so that all is integer."""
    nodes = [helper.make_node("DequantizeLinear", ["x", "one", "zero"], ["xd"])]
    initialisers = [
        numpy_helper.from_array(np.asarray(1.0, dtype=np.float32), "one"),
        numpy_helper.from_array(np.asarray(0, dtype=np.int8), "zero"),
    ]
    operands = ["xd"]
    if weights is not None:
        initialisers.append(numpy_helper.from_array(weights, "w"))
        nodes.append(helper.make_node("DequantizeLinear", ["w", "one", "zero"], ["wd"]))
        operands.append("wd")
    nodes.append(helper.make_node(op, operands, ["y"], name="y", **attributes))
    graph = helper.make_graph(
        nodes,
        "geometry",
        [helper.make_tensor_value_info("x", TensorProto.INT8, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def runtime(model: bytes, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def quantised(model: bytes) -> IntegerGraph:
    """The integer graph with an output range made up, so that no network has to be run for it."""
    real = simplify(take_model(onnx.load_from_string(model), "geometry"))
    seen = {name: Histogram(-1e5, 1e5, np.asarray([1, 1])) for name in values_to_observe(real)}
    return verify_graph(quantise_graph(calibrate(real, seen, "minmax")))


def geometry(generator: np.random.Generator) -> dict[str, list[int]]:
    kernel = generator.integers(1, 6, 2)
    return {
        "kernel_shape": kernel.tolist(),
        "strides": generator.integers(1, 5, 2).tolist(),
        "dilations": generator.integers(1, 4, 2).tolist(),
        "pads": generator.integers(0, 4, 4).tolist(),
    }


def size_for(attributes: dict[str, list[int]], generator: np.random.Generator) -> list[int]:
    spans = [d * (k - 1) + 1 for d, k in zip(attributes["dilations"], attributes["kernel_shape"], strict=True)]
    return [int(span + generator.integers(0, 8)) for span in spans]


@pytest.mark.parametrize("block", range(5))
def test_random_convolutions_have_the_sums_of_onnx_runtime(block: int) -> None:
    for seed in range(block * CASES // 5, (block + 1) * CASES // 5):
        generator = np.random.default_rng(seed)
        groups = int(generator.choice([1, 1, 2, 3, 5]))
        inside, outside = (groups * int(generator.integers(1, 4)) for _ in range(2))
        if seed % 4 == 0:
            inside = groups
        attributes = geometry(generator)
        shape = (1, inside, *size_for(attributes, generator))
        weights = generator.integers(-128, 128, (outside, inside // groups, *attributes["kernel_shape"])).astype(
            np.int8
        )
        x = generator.choice([-128, -1, 0, 1, 127], shape).astype(np.int8)
        model = model_of("Conv", shape, weights, group=groups, **attributes)
        graph = quantised(model)
        (operator,) = graph.operators
        assert isinstance(operator, Conv2d)
        sums = accumulate(operator, x.astype(np.float64))
        np.testing.assert_array_equal(sums, runtime(model, x).astype(np.int64), err_msg=f"seed {seed}")


def test_random_max_pools_equal_onnx_runtime() -> None:
    for seed in range(40):
        generator = np.random.default_rng(1000 + seed)
        attributes = geometry(generator)
        kernel = attributes["kernel_shape"] * 2
        attributes["pads"] = [int(generator.integers(0, size)) for size in kernel]
        shape = (1, 3, *size_for(attributes, generator))
        x = generator.integers(-128, 128, shape).astype(np.int8)
        ceil_mode = int(seed % 3 == 0 and not any(attributes["pads"]))
        model = model_of("MaxPool", shape, None, ceil_mode=ceil_mode, **attributes)
        graph = quantised(model)
        (operator,) = graph.operators
        assert isinstance(operator, MaxPool2d)
        found = evaluate(graph, {"x": x})["y"]
        np.testing.assert_array_equal(found, runtime(model, x).astype(np.int64), err_msg=f"seed {seed}")


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_auto_pad_equals_onnx_runtime(auto_pad: str) -> None:
    generator = np.random.default_rng(3)
    for size in range(4, 12):
        for kernel in range(1, 5):
            for stride in range(1, 4):
                shape = (1, 2, size, size + 1)
                weights = generator.integers(-9, 10, (2, 2, kernel, kernel)).astype(np.int8)
                x = generator.integers(-128, 128, shape).astype(np.int8)
                model = model_of("Conv", shape, weights, auto_pad=auto_pad, strides=[stride, stride])
                (operator,) = quantised(model).operators
                assert isinstance(operator, Conv2d)
                sums = accumulate(operator, x.astype(np.float64))
                np.testing.assert_array_equal(
                    sums, runtime(model, x).astype(np.int64), err_msg=f"{size} {kernel} {stride}"
                )
