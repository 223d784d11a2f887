"""Networks whose inputs and outputs are integers: the float network is fed codes, and its codes are read as such."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tileloom import api


def network(kind: int) -> onnx.ModelProto:
    """Dequantise, convolve, quantise, all grids given; ``kind`` is the type of input and output."""
    zero = 0 if kind == TensorProto.INT8 else 128
    integer = helper.tensor_dtype_to_np_dtype(kind)
    weights = np.random.default_rng(3).integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    constants = {
        "s": np.float32(1.0), "z": np.array(zero - 100, integer), "t": np.float32(0.5),
        "u": np.array(zero + 3, integer), "w": weights, "k": np.float32(0.004), "n": np.array(0, np.int8),
    }  # fmt: skip
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "s", "z"], ["a"]),
        helper.make_node("DequantizeLinear", ["w", "k", "n"], ["b"]),
        helper.make_node("Conv", ["a", "b"], ["c"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("QuantizeLinear", ["c", "t", "u"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "integers",
        [helper.make_tensor_value_info("x", kind, [1, 3, 6, 6])],
        [helper.make_tensor_value_info("y", kind, [1, 4, 6, 6])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("kind", [TensorProto.INT8, TensorProto.UINT8])
def test_deviation_is_that_of_rounding(kind: int, tmp_path: Path) -> None:
    path = tmp_path / "integers.onnx"
    onnx.save(network(kind), path)
    found = api.verify(path, target="small", engine="cycle", frames=4)
    assert found.mismatches == 0 and found.deviation is not None
    for deviation in (found.deviation.float, found.deviation.onnxruntime):
        assert deviation is not None and deviation.max_abs <= 0.5
        assert deviation.snr_db is None or deviation.snr_db > 30
