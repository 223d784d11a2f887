"""Codes from the user's arrays and back."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tileloom.compiler.graph import Tensor
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import dequantise_output, in_user_order, quantise_input

PLANES = Tensor("x", 3, 2, 4, 0.25, -7, shape=(3, 2, 4))
LAST = Tensor("x", 3, 2, 4, 0.25, -7, shape=(2, 4, 3), channels_last=True)


def test_floats_are_quantised_as_onnx_does() -> None:
    scale = np.float32(0.0371)
    tensor = Tensor("x", 1, 1, 4001, float(scale), 11, shape=(4001,))
    ties = (np.arange(-2000, 2001) * np.float32(0.5) * scale).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"])],
        "q",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4001])],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [4001])],
        [numpy_helper.from_array(np.asarray(scale), "s"), numpy_helper.from_array(np.asarray(11, dtype=np.int8), "z")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    (expected,) = ReferenceEvaluator(model).run(None, {"x": ties})
    np.testing.assert_array_equal(quantise_input(tensor, ties).ravel(), expected)


@pytest.mark.parametrize("tensor", [PLANES, LAST], ids=["channels first", "channels last"])
def test_round_trip_keeps_order_and_values(tensor: Tensor) -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (5, *tensor.shape)).astype(np.int8)
    planes = quantise_input(tensor, codes)
    assert planes.shape == (5, 3, 2, 4) and planes.dtype == np.int8
    np.testing.assert_array_equal(in_user_order(tensor, planes), codes)
    real = dequantise_output(tensor, planes)
    np.testing.assert_array_equal(real, (codes.astype(np.float32) + 7) * np.float32(0.25))
    np.testing.assert_array_equal(quantise_input(tensor, real), planes)


def test_forms_of_one_frame_and_of_codes() -> None:
    codes = np.random.default_rng(0).integers(-128, 128, PLANES.shape).astype(np.int8)
    expected = codes[None]
    unsigned = (codes.astype(np.int16) + 128).astype(np.uint8)
    for array in (codes, codes[None], codes[None, None], codes.astype(np.int64), unsigned):
        np.testing.assert_array_equal(quantise_input(PLANES, array), expected)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 2, 5)), r"shape \(frames, 3, 2, 4\), not \(3, 2, 5\)"),
        (np.full((3, 2, 4), np.nan), "finite"),
        (np.full((3, 2, 4), 200, dtype=np.int32), "from -128 to 127, not 200"),
        (np.zeros((3, 2, 4), dtype=complex), "floats or integer codes"),
        (np.zeros((0, 3, 2, 4)), "shape"),
    ],
)
def test_wrong_arrays_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        quantise_input(PLANES, array)
