"""Quantised sources of other toolchains: each door has a network, and its codes are compared with ONNX Runtime's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tileloom.compiler.float_model import run_float
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.graph import Conv2d, IntegerGraph
from tileloom.compiler.operator_example import numbers
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import dequantise_output, in_user_order, quantise_input
from tileloom.compiler.reference import evaluate

Array = NDArray[Any]
MICROSOFT = "com.microsoft"
QONNX = "qonnx.custom_op.general"


def node(op: str, inputs: str, output: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op, names, [output], name=f"{op}_{output}", domain=domain, **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    shape: tuple[int, ...],
    constants: dict[str, Array],
    types: tuple[int, int] = (TensorProto.FLOAT, TensorProto.FLOAT),
    opset: int = 17,
    imports: Sequence[str] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "door",
        [helper.make_tensor_value_info("x", types[0], shape)],
        [helper.make_tensor_value_info("y", types[1], None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    sets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in imports)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


def number(value: float, kind: type = np.float32) -> Array:
    return np.asarray(value, dtype=kind)


def codes(*shape: int, kind: type = np.int8, seed: int = 4) -> Array:
    limits = np.iinfo(kind)
    return np.random.default_rng(seed).integers(limits.min, limits.max + 1, shape).astype(kind)


def frames(network_shape: tuple[int, ...], kind: type, count: int = 8) -> Array:
    generator = np.random.default_rng(9)
    shape = (count, *network_shape[1:])
    if np.issubdtype(kind, np.integer):
        return generator.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, shape).astype(kind)
    return generator.normal(0.0, 1.0, shape).astype(kind)


def compared(made: onnx.ModelProto, x: Array) -> tuple[IntegerGraph, Array, Array]:
    """The integer graph, its output in the user's own numbers, and ONNX Runtime's."""
    network = take_model(made, "door")
    graph = quantise(network, {"x": x})
    (output,) = graph.outputs
    tensor = graph.tensors[output]
    found = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x)})[output]
    exact = run_float(network, {"x": x})[output]
    given: Array
    if exact.dtype.kind in "iu" and exact.dtype != np.int32:
        given = in_user_order(tensor, found).astype(np.int64) + (128 if exact.dtype == np.uint8 else 0)
    else:
        given = dequantise_output(tensor, found)
    return graph, given, exact.reshape(given.shape)


# What ONNX Runtime's kernels run themselves: the model as it was, before we translate it.
QLINEAR: dict[str, Callable[[], tuple[onnx.ModelProto, type]]] = {
    "QLinearConv, uint8, zero points, bias": lambda: (
        model(
            [node("QLinearConv", "x sx zx w sw zw sy zy b", "y", pads=[1, 0, 0, 1], strides=[2, 1])],
            (1, 3, 7, 6),
            {
                "sx": number(0.02),
                "zx": number(131, np.uint8),
                "w": codes(4, 3, 3, 2, kind=np.uint8),
                "sw": number(0.013),
                "zw": number(128, np.uint8),
                "sy": number(0.07),
                "zy": number(99, np.uint8),
                "b": np.asarray([100, -2000, 7, 900], dtype=np.int32),
            },
            (TensorProto.UINT8, TensorProto.UINT8),
        ),
        np.uint8,
    ),
    "QLinearConv, int8 per channel": lambda: (
        model(
            [node("QLinearConv", "x sx zx w sw zw sy zy", "y", group=2)],
            (1, 4, 6, 6),
            {
                "sx": number(0.03),
                "zx": number(-7, np.int8),
                "w": codes(4, 2, 3, 3),
                "sw": np.asarray([0.01, 0.02, 0.004, 0.03], dtype=np.float32),
                "zw": np.zeros(4, dtype=np.int8),
                "sy": number(0.2),
                "zy": number(3, np.int8),
            },
            (TensorProto.INT8, TensorProto.INT8),
        ),
        np.int8,
    ),
    "QLinearMatMul": lambda: (
        model(
            [node("QLinearMatMul", "x sx zx w sw zw sy zy", "y")],
            (1, 20),
            {
                "sx": number(0.03),
                "zx": number(11, np.int8),
                "w": codes(20, 6),
                "sw": number(0.02),
                "zw": number(0, np.int8),
                "sy": number(0.4),
                "zy": number(-9, np.int8),
            },
            (TensorProto.INT8, TensorProto.INT8),
        ),
        np.int8,
    ),
    "QGemm": lambda: (
        model(
            [node("QGemm", "x sx zx w sw zw b sy zy", "y", MICROSOFT, transB=1)],
            (1, 20),
            {
                "sx": number(0.03),
                "zx": number(120, np.uint8),
                "w": codes(6, 20),
                "sw": number(0.02),
                "zw": number(0, np.int8),
                "b": np.asarray([5, -70, 900, 0, 3, 1], dtype=np.int32),
                "sy": number(0.4),
                "zy": number(128, np.uint8),
            },
            (TensorProto.UINT8, TensorProto.UINT8),
            imports=[MICROSOFT],
        ),
        np.uint8,
    ),
    "QLinearAdd": lambda: (
        model(
            [
                node("QLinearConv", "x sx zx w sw zw sy zy", "c"),
                node("QLinearAdd", "c sy zy x sx zx sa za", "y", MICROSOFT),
            ],
            (1, 4, 5, 5),
            {
                "sx": number(0.03),
                "zx": number(-7, np.int8),
                "w": codes(4, 4, 1, 1),
                "sw": number(0.01),
                "zw": number(0, np.int8),
                "sy": number(0.05),
                "zy": number(3, np.int8),
                "sa": number(0.08),
                "za": number(-2, np.int8),
            },
            (TensorProto.INT8, TensorProto.INT8),
            imports=[MICROSOFT],
        ),
        np.int8,
    ),
    "QLinearGlobalAveragePool": lambda: (
        model(
            [node("QLinearGlobalAveragePool", "x sx zx sy zy", "y", MICROSOFT)],
            (1, 4, 6, 5),
            {"sx": number(0.03), "zx": number(-7, np.int8), "sy": number(0.01), "zy": number(3, np.int8)},
            (TensorProto.INT8, TensorProto.INT8),
            imports=[MICROSOFT],
        ),
        np.int8,
    ),
}


def runtime(made: onnx.ModelProto, x: Array) -> Array:
    """The model as it is, by ONNX Runtime's own kernels."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"x": x[frame : frame + 1]})[0] for frame in range(len(x))])


@pytest.mark.parametrize("case", QLINEAR)
def test_qlinear_codes_are_those_of_onnx_runtime(case: str) -> None:
    made, kind = QLINEAR[case]()
    x = frames(tuple(dim.dim_value for dim in made.graph.input[0].type.tensor_type.shape.dim), kind)
    _, given, _ = compared(made, x)
    expected = runtime(made, x).reshape(given.shape).astype(np.int64)
    difference = np.abs(given - expected)
    assert difference.max() <= 1, "ONNX Runtime multiplies by factors in float32: ties may fall otherwise"
    assert np.mean(difference != 0) < 0.01
    assert len(np.unique(expected)) > 10


def test_weights_and_scales_of_qlinear_conv_are_the_ones_used() -> None:
    made, kind = QLINEAR["QLinearConv, int8 per channel"]()
    graph, _, _ = compared(made, frames((1, 4, 6, 6), kind))
    (conv,) = graph.operators
    assert isinstance(conv, Conv2d)
    np.testing.assert_array_equal(conv.weights, codes(4, 2, 3, 3))
    assert graph.tensors["y"].scale == float(np.float32(0.2)) and graph.tensors["y"].zero_point == 3
    assert graph.tensors["x"].scale == float(np.float32(0.03)) and graph.tensors["x"].zero_point == -7
    factors = np.ldexp(conv.multiplier.astype(float), -conv.shift)
    np.testing.assert_allclose(factors, 0.03 * np.asarray([0.01, 0.02, 0.004, 0.03]) / 0.2, rtol=2.0**-15)


def quant(inputs: str, output: str, domain: str = QONNX, **attributes: Any) -> onnx.NodeProto:
    return node("Quant", inputs, output, domain, **{"rounding_mode": "ROUND", "narrow": 0, **attributes})


def batch_norm(count: int) -> dict[str, Array]:
    return {
        "g": numbers(count, seed=2, scale=2.0),
        "o": numbers(count, seed=3),
        "m": numbers(count, seed=4, scale=5.0),
        "v": np.abs(numbers(count, seed=5)) * 20 + np.float32(3.0),
    }


@pytest.mark.parametrize("domain", [QONNX, "onnx.brevitas", "finn.custom_op.general"])
@pytest.mark.parametrize(("weights", "activations"), [(1, 2), (2, 2), (2, 3), (3, 4), (4, 4), (5, 6), (7, 7), (8, 8)])
def test_qonnx_codes_are_exact(domain: str, weights: int, activations: int) -> None:
    """Batch norms of both signs between few-bit layers: every code equals the float network's."""
    signed = {"signed": 1, "narrow": 1} if weights == 2 else {"signed": 1}
    layer = (
        [node("BipolarQuant", "w sw", "wq", domain), node("BipolarQuant", "u sw", "uq", domain)]
        if weights == 1
        else [quant("w sw z bw", "wq", domain, **signed), quant("u sw z bw", "uq", domain, **signed)]
    )
    made = model(
        [
            quant("x sx z ba", "xq", domain, signed=1),
            *layer,
            node("Conv", "xq wq", "c", pads=[1, 1, 1, 1]),
            node("BatchNormalization", "c g o m v", "n"),
            quant("n sa z ba", "a", domain, signed=0),
            node("Conv", "a uq", "d"),
            node("BatchNormalization", "d g o m v", "e"),
            quant("e sa z ba", "y", domain, signed=1, narrow=1),
        ],
        (1, 3, 6, 6),
        {
            "sx": number(2.0 ** (2 - activations)),
            "z": number(0),
            "ba": number(activations),
            "bw": number(weights),
            "w": numbers(6, 3, 3, 3),
            "u": numbers(6, 6, 2, 2, seed=8),
            "sw": number(0.3 * 2.0 ** (2 - weights)),
            "sa": number(0.37 * 2.0 ** (2 - activations)),
            **batch_norm(6),
        },
        imports=[] if domain == "onnx.brevitas" else [domain],
    )
    x = frames((1, 3, 6, 6), np.float32, 16)
    graph, given, exact = compared(made, x)
    low, high = -(1 << (activations - 1)) + 1, (1 << (activations - 1)) - 1
    assert (graph.tensors["y"].low, graph.tensors["y"].high) == (low, high)
    steps = np.rint((given - exact) / graph.tensors["y"].scale)
    if weights <= 4:
        assert not steps.any(), "weights of few bits leave room for the bias: every threshold is exact"
    else:
        assert np.abs(steps).mean() < 0.5, "a bias rounded by half a unit may move a sum over a tie"
    assert len(np.unique(exact)) > 2


def test_bipolar_network_is_exact() -> None:
    made = model(
        [
            quant("x sx z b", "xq", signed=1),
            node("BipolarQuant", "w one", "wq", QONNX),
            node("Conv", "xq wq", "c"),
            node("BatchNormalization", "c g o m v", "n"),
            node("BipolarQuant", "n sa", "a", QONNX),
            node("BipolarQuant", "u one", "uq", QONNX),
            node("Conv", "a uq", "d", pads=[1, 1, 1, 1]),
            quant("d one z b", "y", signed=1),
        ],
        (1, 3, 6, 6),
        {
            "sx": number(0.25),
            "z": number(0),
            "b": number(4),
            "one": number(1.0),
            "sa": number(1.0),
            "w": numbers(6, 3, 3, 3),
            "u": numbers(6, 6, 3, 3, seed=8),
            **batch_norm(6),
        },
        imports=[QONNX],
    )
    graph, given, exact = compared(made, frames((1, 3, 6, 6), np.float32, 16))
    np.testing.assert_array_equal(given, exact)
    assert any(isinstance(operator, Conv2d) and operator.table is not None for operator in graph.operators)


@pytest.mark.parametrize("form", ["old", "new"])
def test_trunc_is_exact(form: str) -> None:
    names = "c s z b8 b4" if form == "old" else "c s z b8 t b4"
    attributes = {"rounding_mode": "FLOOR"} | ({} if form == "old" else {"signed": 1, "narrow": 0})
    made = model(
        [
            quant("x s z b4", "xq", signed=1),
            node("Conv", "xq w", "c"),
            node("Trunc", names, "y", QONNX, **attributes),
        ],
        (1, 2, 5, 5),
        {
            "s": number(0.25),
            "z": number(0),
            "b4": number(4),
            "b8": number(8),
            "t": number(4.0),
            "w": np.asarray(np.random.default_rng(2).integers(-2, 3, (3, 2, 2, 2)), dtype=np.float32),
        },
        imports=[QONNX],
    )
    _, given, exact = compared(made, frames((1, 2, 5, 5), np.float32))
    np.testing.assert_array_equal(given, exact)
    assert len(np.unique(exact)) > 3


def test_integer_graph_is_exact() -> None:
    """Whole numbers all the way: the codes are those of a plain integer computation."""
    tensor = numpy_helper.from_array
    generator = np.random.default_rng(6)
    w = generator.integers(-60, 60, (5, 3, 3, 3)).astype(np.float32)
    factors = np.asarray([514, 333, 1201, 77, 9001], dtype=np.float32).reshape(5, 1, 1)
    shift = {
        "div": tensor(number(65536.0)),
        "n_levels_out": tensor(np.asarray([256.0], dtype=np.float32)),
        "signed": tensor(np.asarray([0.0], dtype=np.float32)),
    }
    made = model(
        [
            node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
            node("RequantShift", "c m a", "r", **shift),
            node("MaxPool", "r", "y", kernel_shape=[2, 2], strides=[2, 2]),
        ],
        (1, 3, 8, 8),
        {"w": w, "m": factors, "a": factors * np.float32(3)},
    )
    x = generator.integers(0, 256, (6, 3, 8, 8)).astype(np.float32)
    graph, given, exact = compared(made, x)
    assert graph.tensors["x"].scale == 1.0 and graph.tensors["x"].zero_point == -128
    padded = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    sums = np.einsum("nchwyx,ocyx->nohw", views, w.astype(np.int64))
    whole = factors.astype(np.int64)
    moved = np.clip((sums * whole + 3 * whole + 32768) >> 16, 0, 255)
    pooled = moved.reshape(6, 5, 4, 2, 4, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(given, pooled)
    assert np.mean(exact != given) < 0.01


def text(made: onnx.ModelProto) -> str:
    with pytest.raises(ModelError) as caught:
        take_model(made)
    return str(caught.value)


def test_what_cannot_be_translated_is_refused_with_its_reason() -> None:
    bits = {"s": number(0.5), "z": number(0), "b": number(2.5)}
    assert "TL311" in text(model([quant("x s z b", "y", signed=1)], (1, 2, 3, 3), bits))
    bits["b"] = number(4)
    assert "rounding_mode" in text(
        model([quant("x s z b", "y", signed=1, rounding_mode="STOCHASTIC")], (1, 2, 3, 3), bits)
    )
    assert "TL205" in text(model([quant("x s z x", "y", signed=1)], (1, 2, 3, 3), bits))
    bits["b"] = number(12)
    assert "256 levels" in text(model([quant("x s z b", "y", signed=1)], (1, 2, 3, 3), bits))
    dynamic = [node("DynamicQuantizeLinear", "x", "y")]
    dynamic[0].output.extend(["s", "z"])
    assert "statically" in text(model(dynamic, (1, 4), {}, (TensorProto.FLOAT, TensorProto.UINT8)))
