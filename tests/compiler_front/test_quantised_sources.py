"""QDQ models in all their forms: their codes, scales and zero points are the ones used, and the outputs agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.float_in_process import float_runs_in_process
from tileloom.compiler.float_model import run_float
from tileloom.compiler.frontend import quantise, read_model, take_model
from tileloom.compiler.graph import Assemble, Conv2d, IntegerGraph
from tileloom.compiler.network import Network
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate

Array = NDArray[Any]


@pytest.fixture(autouse=True)
def _in_process() -> Iterator[None]:
    with float_runs_in_process():
        yield


def both(network: Network, x: Array) -> tuple[IntegerGraph, Array, Array]:
    """The integer graph, its output as real numbers, and ONNX Runtime's."""
    graph = quantise(network)
    (name,), (output,) = graph.inputs, graph.outputs
    found = evaluate(graph, {name: quantise_input(graph.tensors[name], x)})[output]
    given = dequantise_output(graph.tensors[output], found)
    return graph, given, run_float(network, {name: x})[output].reshape(given.shape)


def float_network() -> onnx.ModelProto:
    """Convolutions plain, depthwise and behind an addition, pools, a linear layer."""
    return Example(
        "source",
        (
            step("Conv", "x w b", "c", pads=[1, 1, 1, 1]),
            step("Relu", "c", "r"),
            step("Conv", "r d e", "s", group=6, pads=[1, 1, 1, 1]),
            step("Add", "s r", "a"),
            step("MaxPool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]),
            step("GlobalAveragePool", "p", "g"),
            step("Flatten", "g", "f"),
            step("Gemm", "f v u", "y", transB=1),
        ),
        (1, 3, 8, 8),
        {
            "w": numbers(6, 3, 3, 3),
            "b": numbers(6),
            "d": numbers(6, 1, 3, 3, seed=2),
            "e": numbers(6, seed=3),
            "v": numbers(5, 6, seed=4),
            "u": numbers(5, seed=5),
        },
    ).model()


class Reader:
    """Frames for onnxruntime.quantization."""

    def __init__(self, frames: Array) -> None:
        self.frames = iter(frames)

    def get_next(self) -> dict[str, Array] | None:
        frame = next(self.frames, None)
        return None if frame is None else {"x": frame[None]}


@pytest.mark.parametrize("per_channel", [False, True], ids=["per tensor", "per channel"])
@pytest.mark.parametrize(("activations", "weights"), [("QInt8", "QInt8"), ("QUInt8", "QInt8"), ("QUInt8", "QUInt8")])
@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_onnx_runtime_quantisation(
    form: str, activations: str, weights: str, per_channel: bool, tmp_path: Path
) -> None:
    from onnxruntime import quantization

    frames = np.random.default_rng(1).normal(size=(20, 3, 8, 8)).astype(np.float32)
    source, made = tmp_path / "source.onnx", tmp_path / "made.onnx"
    onnx.save(float_network(), source)
    quantization.quantize_static(
        source,
        made,
        Reader(frames),
        quant_format=quantization.QuantFormat[form],
        per_channel=per_channel,
        activation_type=quantization.QuantType[activations],
        weight_type=quantization.QuantType[weights],
        extra_options={"WeightSymmetric": weights == "QInt8"},
    )
    graph, given, exact = both(read_model(made), frames)
    (output,) = (graph.tensors[name] for name in graph.outputs)
    steps = np.abs(given - exact) / output.scale
    assert steps.max() < 3 and np.mean(steps > 0.5) < 0.2, "ties that fall otherwise travel through the layers"
    assert len(np.unique(exact)) > 20


def weight_network(
    codes: Array, zero: Array, scale: Array, kind: int, group: int = 1, axis: int = 0
) -> onnx.ModelProto:
    """Quantised input and output around one convolution with given weight codes, type ``kind``."""
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["q"]),
            helper.make_node("DequantizeLinear", ["q", "sx", "zx"], ["r"]),
            helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["v"], axis=axis),
            helper.make_node("Conv", ["r", "v"], ["c"], group=group, pads=[1, 1, 1, 1]),
            helper.make_node("QuantizeLinear", ["c", "sy", "zy"], ["p"]),
            helper.make_node("DequantizeLinear", ["p", "sy", "zy"], ["y"]),
        ],
        "weights",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            helper.make_tensor("w", kind, codes.shape, codes.ravel()),
            helper.make_tensor("zw", kind, zero.shape, zero.ravel()),
            numpy_helper.from_array(scale.astype(np.float32), "sw"),
            *(
                numpy_helper.from_array(np.asarray(value), name)
                for name, value in (
                    ("sx", np.float32(0.03)),
                    ("zx", np.int8(-5)),
                    ("sy", np.float32(0.4)),
                    ("zy", np.int8(9)),
                )
            ),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=11)


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize("zeros", [(0,), (3,), (255,), (0, 77, 128, 255)])
def test_zero_points_of_weights_are_folded_exactly(zeros: tuple[int, ...], group: int) -> None:
    """Codes minus zero point from -255 to 255: every sum as in plain integers."""
    generator = np.random.default_rng(7)
    codes = generator.integers(0, 256, (4, 4 // group, 3, 3))
    zero = np.asarray(zeros)
    scale = np.full(zero.shape, 0.002) * np.arange(1, len(zeros) + 1)
    if zero.size == 1:
        zero, scale = zero.reshape(()), scale.reshape(())
    network = take_model(weight_network(codes, zero, scale, TensorProto.UINT8, group))
    x = generator.normal(size=(8, 4, 6, 6)).astype(np.float32)
    graph, given, exact = both(network, x)
    assert any(isinstance(operator, Assemble) for operator in graph.operators)
    assert any("minus their zero point" in note for note in graph.notes)
    steps = np.rint((given - exact) / np.float32(0.4))
    assert np.abs(steps).max() <= 1 and np.mean(steps != 0) < 0.002
    (conv,) = (operator for operator in graph.operators if isinstance(operator, Conv2d))
    whole = conv.weights.astype(np.int64).reshape(4, -1, 4 // group, 3, 3).sum(axis=1)
    np.testing.assert_array_equal(whole, codes - np.reshape(zero, (-1, 1, 1, 1)))


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (TensorProto.INT8, -128, 127),
        (TensorProto.INT4, -8, 7),
        (TensorProto.UINT4, 0, 15),
        (TensorProto.INT2, -2, 1),
        (TensorProto.UINT2, 0, 3),
    ],
)
def test_integer_types_of_weights(kind: int, low: int, high: int) -> None:
    generator = np.random.default_rng(3)
    codes = generator.integers(low, high + 1, (4, 4, 3, 3))
    zero = np.asarray([0, 1, low, high])
    if kind == TensorProto.INT8:
        zero = np.zeros(4, dtype=np.int64)
    scale = np.asarray([0.5, 0.25, 0.1, 0.3]) / (high - low)
    network = take_model(weight_network(codes, zero, scale, kind))
    graph = quantise(network)
    (conv,) = graph.operators
    assert isinstance(conv, Conv2d)
    np.testing.assert_array_equal(conv.weights, codes - zero.reshape(-1, 1, 1, 1))
    factors = np.ldexp(conv.multiplier.astype(float), -conv.shift)
    np.testing.assert_allclose(factors, 0.03 * scale / 0.4, rtol=2.0**-15)


@pytest.mark.parametrize(
    ("kind", "limits"), [(TensorProto.INT4, (-8, 7)), (TensorProto.UINT4, (0, 15)), (TensorProto.UINT2, (0, 3))]
)
def test_narrow_types_of_activations(kind: int, limits: tuple[int, int]) -> None:
    model = Example(
        "narrow",
        (
            step("Conv", "x w", "c"),
            step("QuantizeLinear", "c s z", "q"),
            step("DequantizeLinear", "q s z", "d"),
            step("Conv", "d v", "y"),
        ),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "v": numbers(2, 4, 1, 1), "s": np.asarray(0.5, dtype=np.float32)},
        opset=25,
    ).model()
    model.graph.initializer.append(helper.make_tensor("z", kind, (), [1]))
    model.ir_version = 11
    graph = quantise(take_model(model), {"x": np.random.default_rng(0).normal(size=(9, 3, 6, 6)).astype(np.float32)})
    tensor = graph.tensors[graph.operators[0].output]
    assert (tensor.scale, tensor.zero_point, tensor.low, tensor.high) == (0.5, 1, *limits)


def test_clipped_codes_of_brevitas() -> None:
    """QCDQ: a Clip of integers between QuantizeLinear and DequantizeLinear makes 4 bits of 8."""
    grid: dict[str, Array] = {"s": np.asarray(0.2, dtype=np.float32), "z": np.asarray(0, dtype=np.int8)}
    limits: dict[str, Array] = {"low": np.asarray(-8, dtype=np.int8), "high": np.asarray(7, dtype=np.int8)}
    model = Example(
        "qcdq",
        (
            step("QuantizeLinear", "w s z", "wq"),
            step("Clip", "wq low high", "wc"),
            step("DequantizeLinear", "wc s z", "wd"),
            step("Conv", "x wd", "c"),
            step("QuantizeLinear", "c s z", "q"),
            step("Clip", "q low high", "k"),
            step("DequantizeLinear", "k s z", "d"),
            step("Conv", "d v", "e"),
            step("QuantizeLinear", "e s z", "p"),
            step("DequantizeLinear", "p s z", "y"),
        ),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "v": np.asarray(np.rint(numbers(2, 4, 1, 1) * 10)), **grid, **limits},
    ).model()
    # The input has whole codes of scale 1: nothing is lost before the first layer.
    x = np.random.default_rng(0).integers(-3, 4, (9, 3, 6, 6)).astype(np.float32)
    network = take_model(model)
    graph = quantise(network, {"x": x})
    found = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x)})["y"]
    exact = run_float(network, {"x": x})["y"].reshape(9, 2, 4, 4)
    steps = np.rint((dequantise_output(graph.tensors["y"], found) - exact) / 0.2)
    assert np.mean(steps != 0) < 0.02 and len(np.unique(exact)) > 20
    first = graph.operators[0]
    assert isinstance(first, Conv2d) and (first.low, first.high) == (-8, 7) and np.abs(first.weights).max() <= 8


@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
def test_fake_quantised_pytorch(dynamo: bool, tmp_path: Path) -> None:
    """What quantisation-aware training leaves behind: fake quantisers in the graph, float biases."""
    import warnings

    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(2)
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            weight = torch.fake_quantize_per_channel_affine(
                self.conv.weight, torch.full((4,), 0.01), torch.zeros(4, dtype=torch.int32), 0, -128, 127
            )
            x = torch.fake_quantize_per_tensor_affine(image, 0.04, 3, -128, 127)
            x = torch.relu(torch.nn.functional.conv2d(x, weight, self.conv.bias))
            return torch.fake_quantize_per_tensor_affine(x, 0.02, 0, 0, 255)

    image, path = torch.randn(16, 3, 6, 6), tmp_path / "net.onnx"
    net = Net().eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (image[:1],), str(path), dynamo=dynamo, opset_version=18, input_names=["image"])
        exact = net(image).numpy()
    graph = quantise(read_model(path))
    (output,) = graph.outputs
    assert graph.tensors["image"].scale == pytest.approx(0.04) and graph.tensors["image"].zero_point == 3
    assert graph.tensors[output].scale == pytest.approx(0.02)
    found = evaluate(graph, {"image": quantise_input(graph.tensors["image"], image.numpy())})[output]
    steps = np.rint((dequantise_output(graph.tensors[output], found) - exact) / 0.02)
    assert np.abs(steps).max() <= 1 and np.mean(steps != 0) < 0.02
