"""How networks and typical inputs come in: modules, sizes and constants by the user's word, data of any kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, version_converter

from tests.float_in_process import float_runs_in_process
from tileloom import api
from tileloom.compiler.bit_widths import BitWidths, LayerBits, parse
from tileloom.compiler.frontend import quantise, read_model, take_model
from tileloom.compiler.graph import Conv2d, IntegerGraph
from tileloom.compiler.narrow_weights import narrow_codes
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.passes.calibrate import METHODS
from tileloom.compiler.pictures import Pictures
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.compiler.settings import Settings

Array = NDArray[Any]


@pytest.fixture(autouse=True)
def _in_process() -> Iterator[None]:
    with float_runs_in_process():
        yield


class Plain(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.scores = torch.nn.Linear(8 * 4 * 4, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = torch.nn.functional.max_pool2d(torch.relu(self.norm(self.first(image))), 2)
        scores: torch.Tensor = self.scores(torch.flatten(x, 1))
        return scores


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_module_and_example(exporter: str) -> None:
    net = Plain()
    image = torch.randn(1, 3, 8, 8)
    model = api.model(net, image, exporter=exporter)
    assert net.training, "the module is left as it was"
    frames = torch.randn(20, 3, 8, 8)
    network = read_model(model.path)
    (name,) = network.inputs
    graph = quantise(network, {name: frames.numpy()})
    (output,) = graph.outputs
    found = evaluate(graph, {name: quantise_input(graph.tensors[name], frames.numpy())})[output]
    with torch.no_grad():
        exact = net.eval()(frames).numpy()
    given = dequantise_output(graph.tensors[output], found).reshape(exact.shape)
    noise = float(np.sum((given - exact) ** 2))
    assert 10 * np.log10(float(np.sum(exact**2)) / noise) > 28
    if exporter == "dynamo":
        conv = graph.operators[0]
        assert conv.source.line.startswith(__file__), "the line of the module's own file"
    assert api.check(model).accepted


def test_module_that_cannot_be_exported_is_refused() -> None:
    class Odd(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if float(x.sum()) > 0 else -x

    with pytest.raises(ModelError, match="TL401 Odd"):
        api.model(Odd(), torch.zeros(1, 3))
    with pytest.raises(ModelError, match="TL409 Odd"):
        api.model(Odd())
    with pytest.raises(ModelError, match="TL409 exporter"):
        api.model(Odd(), torch.zeros(1, 3), exporter="onnx")


def two_inputs(*shape: int | str) -> onnx.ModelProto:
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("Add", ["c", "offset"], ["y"]),
        ],
        "two",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape)),
            helper.make_tensor_value_info("offset", TensorProto.FLOAT, [4, 1, 1]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], 4, *shape[2:]])],
        [numpy_helper.from_array(numbers(4, 3, 3, 3), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_sizes_batch_and_constants_by_the_users_word() -> None:
    offset = {"offset": numbers(4, 1, 1)}
    network = take_model(two_inputs("N", 3, "h", "w"), settings=Settings({"h": 6, "w": 5}, bind=offset))
    assert network.inputs == ("x",) and network.shapes["x"] == (1, 3, 6, 5)
    graph = quantise(network)
    assert graph.inputs == ("x",) and len(graph.operators) == 1, "the constant went into the bias"
    fixed = take_model(two_inputs(8, 3, 6, 5), settings=Settings(batch=1, bind=offset))
    assert fixed.shapes["x"] == (1, 3, 6, 5)
    for settings, words in (
        (Settings({"hh": 6}), "TL312 hh: .* nearest is 'h'"),
        (Settings(bind={"ofset": numbers(4, 1, 1)}), "TL312 ofset: .* nearest is 'offset'"),
        (Settings(bind={"offset": numbers(4, 2)}), r"TL307 offset: .*\(4, 1, 1\), not \(4, 2\)"),
        (Settings({"h": 0}), "TL109 h"),
    ):
        with pytest.raises(ModelError, match=words):
            take_model(two_inputs("N", 3, "h", "w"), settings=settings)


def test_command_line_binds_and_sizes(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from tileloom.cli import app

    file, constant = tmp_path / "two.onnx", tmp_path / "offset.npy"
    file.write_bytes(two_inputs("N", 3, "h", "w").SerializeToString())
    np.save(constant, numbers(4, 1, 1))
    words = [str(file), "--dim", "h=6", "--dim", "w=5", "--bind", f"offset={constant}"]
    done = CliRunner().invoke(app, ["compile", *words, "--output", str(tmp_path / "two.tlp")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "two.tlp").exists()
    assert CliRunner().invoke(app, ["check", *words[:3]]).exit_code == 1
    for wrong in (["--dim", "h"], ["--bind", "offset"], ["--bind", "offset=absent.npy"], ["--method", "guess"]):
        done = CliRunner().invoke(app, ["compile", str(file), *wrong])
        assert done.exit_code == 1 and "TL4" in done.output, wrong


def small() -> onnx.ModelProto:
    return Example(
        "small",
        (
            step("Conv", "x w b", "c", pads=[1, 1, 1, 1]),
            step("Relu", "c", "r"),
            step("GlobalAveragePool", "r", "p"),
            step("Flatten", "p", "f"),
            step("Gemm", "f v", "y"),
        ),
        (1, 3, 8, 8),
        {"w": numbers(6, 3, 3, 3), "b": numbers(6), "v": numbers(6, 4, seed=2)},
    ).model()


def scales(graph: IntegerGraph) -> list[float]:
    return [tensor.scale for tensor in graph.tensors.values()]


def test_iterables_of_any_form_give_the_same_ranges() -> None:
    frames = np.random.default_rng(5).normal(size=(12, 3, 8, 8)).astype(np.float32)
    network = take_model(small())
    wanted = scales(quantise(network, {"x": frames}))
    forms: list[Any] = [
        (frame for frame in frames),
        [{"x": frame} for frame in frames],
        [(torch.from_numpy(frames[start : start + 4]), torch.zeros(4)) for start in range(0, 12, 4)],
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(frames)), batch_size=5),
    ]
    for form in forms:
        assert scales(quantise(network, form)) == wanted
    with pytest.raises(ModelError, match="TL307 x"):
        quantise(network, [np.zeros((3, 8, 9), np.float32)])
    with pytest.raises(ModelError, match="not nothing"):
        quantise(network, iter(()))


def test_endless_iterables_end() -> None:
    def endless() -> Iterator[Array]:
        while True:
            yield np.ones((100, 3, 8, 8), np.float32)

    assert quantise(take_model(small()), endless()).tensors["x"].scale == 1.0


@pytest.mark.parametrize("channels", [1, 3])
def test_folder_of_pictures(channels: int, tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.random.default_rng(2).integers(0, 256, (3, 10, 16, 3)).astype(np.uint8)
    (tmp_path / "inside").mkdir()
    for index, array in enumerate(pixels):
        Image.fromarray(array).save(tmp_path / "inside" / f"{index}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    first = Pictures(tmp_path, 0.0, 1.0).read("x", (channels, 10, 10), 512)
    assert first.shape == (3, channels, 10, 10) and first.dtype == np.float32
    last = Pictures(tmp_path, 0.0, 255.0).read("x", (10, 16, channels), 2)
    assert last.shape == (2, 10, 16, channels)
    if channels == 3:
        np.testing.assert_array_equal(last, pixels[:2])
    network = take_model(
        Example("p", (step("Conv", "x w", "y"),), (1, channels, 10, 10), {"w": numbers(2, channels, 3, 3)}).model()
    )
    assert 0 < quantise(network, Pictures(tmp_path)).tensors["x"].scale <= 1 / 255
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ModelError, match=r"TL405 .*broken\.png"):
        Pictures(tmp_path).read("x", (3, 10, 10), 512)
    with pytest.raises(ModelError, match="TL307 x"):
        Pictures(tmp_path).read("x", (10,), 512)


def error_of(graph: IntegerGraph, x: Array, exact: Array) -> Array:
    found = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x)})["y"]
    return np.asarray(dequantise_output(graph.tensors["y"], found).reshape(exact.shape) - exact, dtype=np.float64)


def test_methods_differ_as_they_should() -> None:
    """One outlier in a thousand: minmax keeps it, percentile and least squares do not."""
    x = np.random.default_rng(1).normal(size=(64, 3, 8, 8)).astype(np.float32)
    x[0, 0, 0, 0] = 400.0
    found = {method: quantise(take_model(small()), {"x": x}, method=method) for method in METHODS}
    made = {method: graph.tensors[graph.operators[0].output].scale for method, graph in found.items()}
    assert made["percentile"] < made["minmax"] / 2 and made["mse"] < made["minmax"]
    assert (
        quantise(take_model(small(), settings=Settings(method="minmax")), {"x": x}).tensors == found["minmax"].tensors
    )


def float_outputs(x: Array) -> Array:
    from tileloom.compiler.float_model import run_float

    return np.asarray(run_float(take_model(small()), {"x": x})["y"]).reshape(len(x), -1)


def test_bias_correction_takes_the_mean_error_away() -> None:
    x = (np.random.default_rng(1).normal(size=(200, 3, 8, 8)) + 2.0).astype(np.float32)
    exact = float_outputs(x)
    widths = BitWidths((LayerBits("*", weights=3),))
    means = []
    for correct in (False, True):
        network = take_model(small(), settings=Settings(bits=widths, correct_bias=correct))
        means.append(np.abs(error_of(quantise(network, {"x": x}), x, exact).mean(axis=0)).mean())
    assert means[1] < means[0] / 2, means


@pytest.mark.parametrize("width", [1, "ternary", 2, 3, 4, 5, 6, 7, 8])
def test_bits_of_weights(width: int | str) -> None:
    x = np.random.default_rng(1).normal(size=(50, 3, 8, 8)).astype(np.float32)
    settings = Settings(bits=BitWidths((LayerBits("Conv*", weights=width),)))
    graph = quantise(take_model(small(), settings=settings), {"x": x})
    conv, *_, linear = graph.operators
    assert isinstance(conv, Conv2d) and isinstance(linear, Conv2d)
    levels = {1: 2, "ternary": 3}.get(width, 2 ** int(width) - 1 if isinstance(width, int) else 0)
    assert all(len(np.unique(row)) <= levels for row in conv.weights)
    assert max(len(np.unique(row)) for row in conv.weights) > 1
    assert np.abs(linear.weights).max() == 127, "the other layer keeps 8 bits"


def test_more_bits_are_better() -> None:
    x = np.random.default_rng(1).normal(size=(50, 3, 8, 8)).astype(np.float32)
    exact = float_outputs(x)
    weights: list[float] = []
    activations: list[float] = []
    for width in (2, 4, 6, 8):
        for kept, layer in ((weights, LayerBits("*", weights=width)), (activations, LayerBits("*", activations=width))):
            network = take_model(small(), settings=Settings(bits=BitWidths((layer,))))
            kept.append(float((error_of(quantise(network, {"x": x}), x, exact) ** 2).mean()))
    assert weights == sorted(weights, reverse=True) and activations == sorted(activations, reverse=True)


def test_bits_of_activations_are_the_limits_of_the_codes() -> None:
    settings = Settings(bits=BitWidths((LayerBits("Conv*", activations=4),)))
    graph = quantise(take_model(small(), settings=settings))
    written = graph.tensors[graph.operators[0].output]
    assert (written.low, written.high) == (-8, 7)


@pytest.mark.parametrize("layer", [LayerBits("nowhere*", weights=4), LayerBits("*", weights=12)])
def test_bit_widths_that_do_not_fit_are_refused(layer: LayerBits) -> None:
    with pytest.raises(ModelError, match="TL312"):
        quantise(take_model(small(), settings=Settings(bits=BitWidths((layer,)))))


@pytest.mark.parametrize(
    "text", ["[[layer]]\nweights = 4", "[[layer]]\nnode = 'x'\nweights = 0", "layer = 3", "x = ", "[[layer]]\nnode = 1"]
)
def test_files_of_bit_widths_are_checked(text: str) -> None:
    with pytest.raises(ValueError, match=r"must (be|have)"):
        parse(text)


def test_narrow_codes_are_the_nearest_of_their_grid() -> None:
    weights = np.random.default_rng(4).normal(size=(3, 40))
    for width in (2, 3, 4, 7):
        codes, steps = narrow_codes(weights, width)
        greatest = (1 << (width - 1)) - 1
        np.testing.assert_array_equal(codes, np.clip(np.rint(weights / steps[:, None]), -greatest, greatest))


@pytest.mark.parametrize("opset", [8, 9, 10, 11, 12, 13, 15, 18, 21, 24, 26])
def test_operator_sets(opset: int) -> None:
    model = Example(
        "sets",
        (
            step("Conv", "x w", "c"),
            step("Clip", "c", "k", min=-1.0, max=2.0),
            step("Squeeze", "k", "s", axes=[0]),
            step("Unsqueeze", "s", "u", axes=[0]),
            step("ReduceMean", "u", "m", axes=[2, 3]),
            step("Flatten", "m", "f"),
            step("Gemm", "f v b", "y"),
        ),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "v": numbers(4, 3), "b": numbers(3)},
        opset=8,
    ).model()
    converted = model if opset == 8 else version_converter.convert_version(model, opset)
    network = take_model(converted)
    assert network.opset >= 13
    frames = {"x": np.random.default_rng(0).normal(size=(9, 3, 6, 6)).astype(np.float32)}
    assert scales(quantise(network, frames)) == scales(quantise(take_model(model), frames))
