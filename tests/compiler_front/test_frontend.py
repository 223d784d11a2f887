"""The front end as a whole: determinism, calibration, real networks, PyTorch's exporter, imports."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tileloom.compiler.frontend import NETWORK_PASSES, check, quantise, read_model, simplify, take_model
from tileloom.compiler.graph import Add, Conv2d, IntegerGraph, MaxPool2d
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import dequantise_output, in_user_order, quantise_input
from tileloom.compiler.reference import evaluate

CASES = Path(os.environ.get("TILELOOM_CASES", Path(__file__).parents[3] / "shared" / "cases"))
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of real networks (TILELOOM_CASES) is absent")


def small() -> onnx.ModelProto:
    return Example(
        "small",
        (
            step("Conv", "x w", "c", pads=[1, 1, 1, 1]),
            step("MaxPool", "c", "p", kernel_shape=[2, 2], strides=[2, 2]),
            step("Relu", "p", "r"),
            step("Flatten", "r", "f"),
            step("Gemm", "f v", "g"),
            step("Tanh", "g", "y"),
        ),
        (1, 2, 6, 6),
        {"w": numbers(4, 2, 3, 3), "v": numbers(36, 5)},
    ).model()


def fingerprint(graph: IntegerGraph) -> str:
    arrays = [
        (o.weights.tobytes(), o.bias.tobytes(), o.multiplier.tobytes(), o.shift.tobytes(), o.low, o.high, o.table)
        for o in graph.operators
        if isinstance(o, Conv2d)
    ]
    return repr((graph.tensors, [o for o in graph.operators if not isinstance(o, Conv2d)], graph.notes, arrays))


def test_same_input_gives_the_same_graph() -> None:
    network = take_model(small())
    data = {"x": np.random.default_rng(1).normal(size=(20, 2, 6, 6)).astype(np.float32)}
    assert fingerprint(quantise(network, data)) == fingerprint(quantise(take_model(small()), data))
    assert fingerprint(quantise(network, seed=3)) == fingerprint(quantise(network, seed=3))
    assert fingerprint(quantise(network, seed=3)) != fingerprint(quantise(network, seed=4))


def test_small_network_folds_into_three_operators() -> None:
    graph = quantise(take_model(small()))
    conv, pool, linear = graph.operators
    assert isinstance(conv, Conv2d) and isinstance(pool, MaxPool2d) and isinstance(linear, Conv2d)
    assert graph.tensors[conv.output].zero_point == -128 == conv.low, "the Relu moved through the pool into the conv"
    assert linear.table is not None and linear.window.kernel == (3, 3)
    assert any("no calibration data" in note and "random" in note for note in graph.notes)
    assert any("greatest error" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"z": np.zeros((3, 2, 6, 6))}, "named like the input, not 'z'"),
        ({"x": np.zeros((3, 2, 6, 5))}, r"shape \(frames, 2, 6, 6\), not \(3, 2, 6, 5\)"),
        ({"x": np.full((3, 2, 6, 6), np.inf)}, "finite"),
        ({"x": np.asarray(["a"])}, "TL307"),
        ({}, "not nothing"),
    ],
)
def test_wrong_calibration_data_is_refused(data: dict[str, NDArray[np.generic]], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        quantise(take_model(small()), data)


def test_network_that_becomes_infinite_is_refused() -> None:
    model = Example("big", (step("Conv", "x w", "y"),), (1, 1, 2, 2), {"w": numbers(1, 1, 2, 2) * np.float32(1e38)})
    with pytest.raises(ModelError, match=r"TL308 .*NaN or infinite"):
        quantise(take_model(model.model()), {"x": np.full((1, 1, 2, 2), 1e10, dtype=np.float32)})


def test_every_pass_has_a_reason() -> None:
    assert all(len(entry.reason) > 20 for entry in NETWORK_PASSES)


def accuracy(graph: IntegerGraph, x: NDArray[np.generic], labels: NDArray[np.generic]) -> float:
    (name,), (output,) = graph.inputs, graph.outputs
    codes = evaluate(graph, {name: quantise_input(graph.tensors[name], x)})[output]
    scores = dequantise_output(graph.tensors[output], codes).reshape(len(labels), -1)
    return float(np.mean(scores.argmax(axis=1) == labels))


@needs_cases
def test_mnist8_keeps_its_accuracy_on_5000_digits() -> None:
    data = np.load(CASES / "mnist8_cntk" / "mnist_t10k_0_5000.npz")
    x = data["x"].astype(np.float32)
    graph = quantise(read_model(CASES / "mnist8_cntk" / "mnist-8.onnx"), {"Input3": x[-64:]})
    assert graph.tensors["Input3"].scale == 1.0, "pixels 0..255 are codes as they are"
    assert graph.tensors["Plus214_Output_0"].shape == (10,)
    assert accuracy(graph, x, data["y"]) >= 0.983 - 0.003, "float: 98.30 %"


@needs_cases
def test_mnist14_keeps_its_accuracy() -> None:
    data = np.load(CASES / "mnist8_cntk" / "mnist_t10k_0_5000.npz")
    x = (data["x"].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255).astype(np.float32)
    graph = quantise(read_model(CASES / "onnx2c_mnist14" / "mnist14_fp32.onnx"), {"network_input": x[-64:]})
    assert accuracy(graph, x, data["y"]) >= 0.9178 - 0.005, "float: 91.78 %"


@needs_cases
def test_kws_dscnn_quantised_and_float() -> None:
    data = np.load(CASES / "kws_dscnn" / "kws01_even.npz")
    given = quantise(read_model(CASES / "kws_dscnn" / "kws_dscnn_int8_qdq.onnx"))
    assert given.tensors["input_1"].zero_point == 83
    assert accuracy(given, data["x"], data["y"]) >= 0.906 - 0.005
    real = (data["x"].astype(np.float32) - 83) * np.float32(0.5847029)
    float_graph = quantise(read_model(CASES / "kws_dscnn" / "kws_dscnn_fp32.onnx"), {"input_1": real[-64:]})
    assert accuracy(float_graph, real, data["y"]) >= 0.906 - 0.01


@needs_cases
def test_kws_dscnn_codes_are_near_tflite() -> None:
    data = np.load(CASES / "kws_dscnn" / "kws01_even.npz")
    graph = quantise(read_model(CASES / "kws_dscnn" / "kws_dscnn_int8_qdq.onnx"))
    (output,) = graph.outputs
    tensor = graph.tensors[output]
    logits = evaluate(graph, {"input_1": quantise_input(graph.tensors["input_1"], data["x"])})[output]
    real = dequantise_output(tensor, logits).astype(np.float64)
    softmax = np.exp(real - real.max(axis=1, keepdims=True))
    codes = np.rint(softmax / softmax.sum(axis=1, keepdims=True) * 256) - 128
    expected = np.load(CASES / "kws_dscnn" / "expected_tflite_int8.npy").astype(np.float64)
    agree = np.mean(codes.argmax(axis=1) == expected.argmax(axis=1))
    assert agree >= 0.98, f"TFLite chooses the same class in {agree:.3f} of the frames"


@needs_cases
def test_resnet8_quantised_has_channels_last_and_residual_adds() -> None:
    data = np.load(CASES / "cifar_resnet8" / "ic01_even100.npz")
    graph = quantise(read_model(CASES / "cifar_resnet8" / "resnet8_int8_qdq.onnx"))
    (name,) = graph.inputs
    assert graph.tensors[name].channels_last and graph.tensors[name].shape == (32, 32, 3)
    assert sum(isinstance(each, Add) and each.source.op == "Add" for each in graph.operators) == 3
    assert sum(graph.macs(operator) for operator in graph.operators) == pytest.approx(12.5e6, rel=0.01)
    assert accuracy(graph, data["x"], data["y"]) >= 0.87


@needs_cases
def test_every_real_network_is_taken_or_refused_by_name() -> None:
    taken = []
    for file in sorted(CASES.glob("*/*.onnx")):
        problems = check(file)
        assert all(problem.node and problem.fix for problem in problems), file.stem
        taken += [] if problems else [file.stem]
    assert {"mnist-8", "mnist14_fp32", "resnet8_fp32", "resnet8_int8_qdq"} <= set(taken)
    assert {"kws_dscnn_fp32", "kws_dscnn_int8_qdq", "ad01_fp32", "ad01_int8_qdq"} <= set(taken)


def test_pytorch_export_keeps_lines_and_agrees(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Conv2d(1, 6, 3, padding=1)
            self.norm = torch.nn.BatchNorm2d(6)
            self.second = torch.nn.Conv2d(6, 6, 3, padding=1, stride=2)
            self.skip = torch.nn.Conv2d(6, 6, 1, stride=2)
            self.last = torch.nn.Linear(6, 4)

        def forward(self, x: Any) -> Any:
            x = torch.relu(self.norm(self.first(x)))
            x = torch.relu(self.second(x) + self.skip(x))
            x = torch.nn.functional.adaptive_avg_pool2d(x, 1)
            return torch.sigmoid(self.last(torch.flatten(x, 1)))

    torch.manual_seed(0)
    net = Net().eval()
    x = torch.randn(32, 1, 12, 12)
    file = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (x[:1],), dynamo=True, verbose=False).save(str(file))
    graph = quantise(read_model(file), {"x": x.numpy()})
    lines = [operator.source.line for operator in graph.operators]
    assert all(Path(__file__).name in line for line in lines), lines
    (output,) = graph.outputs
    codes = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x.numpy())})[output]
    given = dequantise_output(graph.tensors[output], codes)
    exact = net(x).detach().numpy()
    assert np.abs(given - exact).max() < 0.03
    assert len(graph.operators) == 6, "batch norm, relus and flatten are folded"


def test_codes_of_outputs_stand_in_the_users_order() -> None:
    example = Example(
        "last", (step("Relu", "x", "r"), step("Transpose", "r", "y", perm=[0, 2, 3, 1])), (1, 3, 4, 2)
    )  # fmt: skip
    graph = quantise(take_model(example.model()))
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype(np.float32)
    codes = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x)})["y"]
    assert in_user_order(graph.tensors["y"], codes).shape == (2, 4, 2, 3)


def test_intermediate_graph_has_no_copies_in_a_plain_network() -> None:
    assert len(simplify(take_model(small())).operators) == 3


@pytest.mark.parametrize("blocked", ["torch", "onnxruntime", "amaranth"])
def test_front_end_imports_without(blocked: str) -> None:
    code = (
        f"import sys; sys.modules[{blocked!r}] = None\n"
        "import tileloom.compiler.frontend, tileloom.compiler.reference, tileloom.compiler.quantised_io"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("low", "high", "zero_point"), [(3, 250, -128), (0, 1, -128), (-100, 27, 0)], ids=["pixels", "bits", "signed"]
)
def test_whole_numbers_are_codes_as_they_are(low: int, high: int, zero_point: int) -> None:
    data = {"x": np.random.default_rng(1).integers(low, high + 1, (9, 2, 6, 6)).astype(np.float32)}
    tensor = quantise(take_model(small()), data).tensors["x"]
    assert (tensor.scale, tensor.zero_point) == (1.0, zero_point)
    data["x"][0, 0, 0, 0] += 0.5
    assert quantise(take_model(small()), data).tensors["x"].scale != 1.0
