"""The committed networks are what the list of zoo networks and the PyTorch files say."""

import math
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from tileloom.models.zoo import MODELS, ZooModel, find

ROOT = Path(__file__).parents[2]
STACK_TRACE = "pkg.torch.onnx.stack_trace"

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def counted_macs(proto: onnx.ModelProto) -> int:
    """Multiply-accumulates of one frame, from the ONNX graph's own shapes."""
    weights = {tensor.name: tuple(tensor.dims) for tensor in proto.graph.initializer}
    inferred = onnx.shape_inference.infer_shapes(proto, strict_mode=True, data_prop=True).graph
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.output)
    }
    # Each output element of a convolution or full connection costs one MAC for each weight of its channel.
    return sum(
        math.prod(shapes[node.output[0]]) * math.prod(weights[node.input[1]][1:])
        for node in proto.graph.node
        if node.op_type in {"Conv", "Gemm"}
    )


@every_model
def test_macs_and_parameters(model: ZooModel) -> None:
    proto = onnx.load(model.path)
    assert counted_macs(proto) == model.macs
    floats = [tensor for tensor in proto.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    assert sum(math.prod(tensor.dims) for tensor in floats) == model.parameters


def test_the_counts_of_the_papers_and_of_the_pytorch_files() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    from tileloom.models import lenet5, modern

    assert find("lenet5").macs == lenet5.MACS == 416_520
    assert find("digits_modern").macs == modern.MACS


@every_model
def test_file_is_self_contained(model: ZooModel) -> None:
    proto = onnx.load(model.path, load_external_data=False)
    onnx.checker.check_model(proto, full_check=True)
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in proto.graph.initializer)
    assert [value.name for value in proto.graph.input] == ["image"]
    assert [value.name for value in proto.graph.output] == ["scores"]
    assert [dimension.dim_value for dimension in proto.graph.input[0].type.tensor_type.shape.dim] == [1, 1, 32, 32]


def test_networks_are_small() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "models" / "zoo").iterdir()) < 1_000_000


@every_model
def test_every_node_names_its_pytorch_line(model: ZooModel) -> None:
    """A stale line means that the network's file was edited after the last `make models`."""
    for node in onnx.load(model.path).graph.node:
        (entry,) = node.metadata_props
        assert entry.key == STACK_TRACE
        match = re.fullmatch(r'File "(models/\w+\.py)", line (\d+), in forward\n\s+(.*)', entry.value)
        assert match is not None, entry.value
        file, line, code = match.groups()
        assert (ROOT / file).read_text().splitlines()[int(line) - 1].strip() == code


@every_model
def test_float_accuracy_on_the_held_out_digits(model: ZooModel) -> None:
    session = onnxruntime.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    digits = model.held_out()
    scores = np.concatenate([session.run(None, {"image": image[np.newaxis]})[0] for image in digits.images])
    assert (scores.argmax(1) == digits.labels).mean() >= 0.97


@every_model
def test_calibration_fits_the_input(model: ZooModel) -> None:
    (images,) = model.calibration().values()
    assert images.shape == (64, 1, 32, 32) and images.dtype == np.float32
    assert model.calibration_path.is_file()


def test_unknown_network_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no zoo network 'vgg'; there are lenet5, digits_modern"):
        find("vgg")
