"""Broken and unsupported networks: one sentence each, the text kept as a snapshot; never a traceback.

``TILELOOM_UPDATE_GOLDEN=1`` writes the snapshot anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tileloom.compiler.frontend import check, quantise, read_model, take_model
from tileloom.compiler.operator_example import Array, Example, integers, numbers, step
from tileloom.compiler.problem_codes import CODES
from tileloom.compiler.problems import ModelError, explain

SNAPSHOT = Path(__file__).with_name("refusals.txt")


def example(
    *nodes: onnx.NodeProto, shape: tuple[int, ...] = (1, 4, 6, 6), opset: int = 17, **constants: Array
) -> onnx.ModelProto:
    return Example("bad", nodes, shape, constants, opset).model()


def truncated() -> bytes:
    return bytes(conv().SerializeToString()[:-300])


def conv(**attributes: object) -> onnx.ModelProto:
    return example(step("Conv", "x w", "y", **attributes), w=numbers(4, 4, 3, 3))


def cyclic() -> onnx.ModelProto:
    return example(step("Add", "x b", "a"), step("Relu", "a", "b"), step("Relu", "b", "y"))


def with_input(*dims: int | str) -> onnx.ModelProto:
    model = conv()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, list(dims)))
    return model


def with_opset(version: int) -> onnx.ModelProto:
    model = conv()
    model.opset_import[0].version = version
    return model


def weights_with(value: float) -> onnx.ModelProto:
    weights = numbers(4, 4, 3, 3)
    weights[1, 2, 0, 0] = value
    return example(step("Conv", "x w", "y"), w=weights)


def told(model: onnx.ModelProto, **shapes: tuple[int, ...]) -> onnx.ModelProto:
    """The model with the shapes of inner values, as PyTorch's exporter tells them."""
    model.graph.value_info.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    )
    return model


def batch_of_eight() -> onnx.ModelProto:
    model = example(step("Conv", "x w", "c"), step("Conv", "c w", "y"), w=numbers(4, 4, 3, 3))
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, (8, 4, 6, 6)))
    return told(model, c=(8, 4, 4, 4))


def external(location: str) -> onnx.ModelProto:
    model = conv()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


def qdq(scale: float, zero: Array, again: float | None = None) -> onnx.ModelProto:
    return example(
        step("QuantizeLinear", "x s z", "q"),
        step("DequantizeLinear", "q t z", "d"),
        step("Relu", "d", "y"),
        s=np.asarray(scale, dtype=np.float32),
        t=np.asarray(scale if again is None else again, dtype=np.float32),
        z=zero,
    )


def weight_grid(zero: int) -> onnx.ModelProto:
    return example(
        step("DequantizeLinear", "w s z", "d"),
        step("Conv", "x d", "y"),
        w=np.full((4, 4, 3, 3), 255, dtype=np.int16),
        s=np.asarray(0.5, dtype=np.float32),
        z=np.asarray(zero, dtype=np.int16),
        opset=21,
    )


def traced() -> onnx.ModelProto:
    model = example(step("Conv", "x w", "c"), step("Sin", "c", "y"), w=numbers(4, 4, 3, 3))
    trace = 'File "nets/mine.py", line 12, in forward\n  File "lib/site-packages/torch/nn/sin.py", line 3, in forward'
    model.graph.node[1].metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)
    return model


def several() -> onnx.ModelProto:
    model = example(
        step("Sin", "x", "s"),
        step("Conv", "s w", "c", group=3),
        step("Hardmax", "c", "g"),
        step("AveragePool", "g", "p", kernel_shape=[2, 2], dilations=[8, 8], pads=[7, 7, 7, 7]),
        step("Conv", "p v", "y"),
        w=numbers(4, 4, 3, 3),
        v=np.full((2, 4, 1, 1), np.nan, dtype=np.float32),
        opset=20,
    )
    return model


def constant_output() -> onnx.ModelProto:
    model = conv()
    model.graph.output.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 4, 3, 3]))
    return model


CASES: dict[str, Callable[[], onnx.ModelProto | bytes]] = {
    "truncated file": truncated,
    "empty file": lambda: b"",
    "no ONNX at all": lambda: b"PK\x03\x04 certainly not",
    "cyclic graph": cyclic,
    "a comparison": lambda: example(
        step("Greater", "x zero", "g"), step("Where", "g x zero", "y"), zero=np.zeros(1, np.float32)
    ),
    "undefined name": lambda: example(step("Conv", "x nowhere", "y")),
    "a name defined twice": lambda: example(step("Relu", "x", "y"), step("Tanh", "x", "y")),
    "NaN weights": lambda: weights_with(float("nan")),
    "NaN weights whose shape is told": lambda: told(weights_with(float("nan")), w=(4, 4, 3, 3)),
    "infinite weights": lambda: weights_with(float("-inf")),
    "dynamic height": lambda: with_input("batch", 4, "height", 6),
    "batch of 8": lambda: with_input(8, 4, 6, 6),
    "batch of 8 everywhere": batch_of_eight,
    "negative dimension": lambda: with_input(1, 4, -6, 6),
    "zero dimension": lambda: with_input(1, 4, 0, 6),
    "huge dimension": lambda: with_input(1, 4, 1 << 40, 6),
    "too many elements": lambda: with_input(1, 1 << 20, 1 << 10, 6),
    "opset 99": lambda: with_opset(99),
    "opset 5": lambda: with_opset(5),
    "external data above the folder": lambda: external("../../secret.bin"),
    "external data that is absent": lambda: external("weights.bin"),
    "external data by absolute path": lambda: external("/etc/passwd"),
    "unsupported operator with PyTorch line": traced,
    "unsupported operator near a supported one": lambda: example(step("MaxUnpool", "x x", "y")),
    "operator of another domain": lambda: example(step("FloatQuant", "x", "y", domain="qonnx.custom_op.general")),
    "several problems at once": several,
    "a host operator in the middle beside an unsupported one": lambda: example(
        step("ArgMax", "x", "p"), step("MaxPool", "p", "m", kernel_shape=[2, 2]), step("Sin", "m", "y")
    ),
    "groups that do not divide": lambda: conv(group=3),
    "kernel larger than the padded input": lambda: conv(dilations=[5, 1]),
    "weights that are computed": lambda: example(step("Relu", "x", "w"), step("Conv", "x w", "y")),
    "negative pads": lambda: conv(pads=[-1, 0, 0, 0]),
    "arithmetic on plain integers": lambda: Example(
        "bad", (step("Add", "x x", "y"),), (1, 4, 6, 6), {}, 17, TensorProto.INT8, TensorProto.INT8
    ).model(),
    "an input that is missing": lambda: example(step("MatMul", "x", "y")),
    "stride 0": lambda: conv(strides=[0, 1]),
    "four-dimensional convolution": lambda: example(
        step("Conv", "x w", "y"), shape=(1, 2, 4, 4, 4, 4), w=numbers(2, 2, 2, 2, 2, 2)
    ),
    "average of padding alone": lambda: example(
        step("AveragePool", "x", "y", kernel_shape=[2, 2], dilations=[4, 4], pads=[3, 3, 3, 3]),
        shape=(1, 4, 2, 2),
        opset=19,
    ),
    "max pool with wide pads": lambda: example(step("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[2, 0, 0, 0])),
    "indices of a max pool": lambda: example(
        step("MaxPool", "x", "m i", kernel_shape=[2, 2]), step("Cast", "i", "f", to=1), step("Add", "m f", "y")
    ),
    "operands that do not broadcast": lambda: example(
        step("MaxPool", "x", "p", kernel_shape=[2, 2]), step("Add", "x p", "y")
    ),
    "a divisor of 0": lambda: example(step("Div", "x b", "y"), b=numbers(4, 1, 1, scale=0.0)),
    "a product of very large matrices": lambda: example(
        step("Relu", "x", "r"), step("MatMul", "x r", "y"), shape=(1, 1, 300, 300)
    ),
    "mean over an axis that is not there": lambda: example(step("ReduceMean", "x", "y", axes=[2, 4])),
    "dropout in training": lambda: example(
        step("Dropout", "x r t", "y"), r=np.asarray(0.5, dtype=np.float32), t=np.asarray(True)
    ),
    "cast to integers": lambda: example(step("Cast", "x", "c", to=6), step("Cast", "c", "y", to=1)),
    "zero scale": lambda: qdq(0.0, np.asarray(0, dtype=np.int8)),
    "negative scale": lambda: qdq(-0.5, np.asarray(0, dtype=np.int8)),
    "16-bit activations": lambda: qdq(0.5, np.asarray(0, dtype=np.int16)),
    "two scales for one value": lambda: qdq(0.5, np.asarray(0, dtype=np.int8), again=0.25),
    "weights of more than 8 bits": lambda: weight_grid(-3),
    "weights with zero scale": lambda: example(
        step("DequantizeLinear", "w s", "d"),
        step("Conv", "x d", "y"),
        w=np.ones((4, 4, 3, 3), dtype=np.int8),
        s=np.asarray(0.0, dtype=np.float32),
    ),
    "clip with crossed limits": lambda: example(step("Clip", "x", "y", min=1.0, max=-1.0), opset=8),
    "output that is a constant": constant_output,
    "movement without regularity": lambda: example(
        step("Relu", "x", "r"),
        step("Flatten", "r", "f"),
        step("Gather", "f i", "y", axis=1),
        shape=(1, 4, 300, 300),
        i=np.random.default_rng(1).permutation(360_000),
    ),
    "slice along an axis that is not there": lambda: example(
        step("Slice", "x s s a", "y"), s=integers(1), a=integers(7), opset=13
    ),
    "concat of maps of two heights": lambda: example(
        step("MaxPool", "x", "p", kernel_shape=[2, 2]), step("Concat", "x p", "y", axis=1)
    ),
    "gather outside the map": lambda: example(step("Gather", "x i", "y", axis=1), i=integers(1, 4)),
    "gather by computed indices": lambda: example(
        step("ArgMax", "x", "i", axis=1, keepdims=0), step("Gather", "x i", "y", axis=1)
    ),
    "constant network": lambda: example(step("Relu", "c", "y"), c=numbers(1, 4)),
    "gemm with an addend for each row": lambda: example(
        step("Reshape", "x s", "r"),
        step("Gemm", "r w b", "g"),
        step("Reshape", "g t", "y"),
        s=integers(24, 6),
        w=numbers(6, 24),
        b=numbers(24, 1),
        t=integers(1, 24, 24),
    ),
    "accumulator above 32 bits": lambda: example(
        step("DequantizeLinear", "w s", "d"),
        step("Gemm", "x d", "y"),
        shape=(1, 200_000),
        w=np.full((200_000, 2), 127, dtype=np.int8),
        s=np.asarray(0.01, dtype=np.float32),
    ),
}


def text_of(case: str, folder: Path) -> str:
    made = CASES[case]()
    file = folder / "net.onnx"
    file.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    problems = check(file)
    if not problems:
        with pytest.raises(ModelError) as caught:
            quantise(read_model(file))
        problems = list(caught.value.problems)
    return "".join(f"{problem}\n" for problem in problems)


def snapshot() -> dict[str, str]:
    parts = SNAPSHOT.read_text().split("# ")[1:] if SNAPSHOT.exists() else []
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip("\n") + "\n" for part in parts}


@pytest.mark.parametrize("case", CASES)
def test_refusal_text_is_the_snapshot(case: str, tmp_path: Path) -> None:
    text = text_of(case, tmp_path).replace(str(tmp_path), "<folder>")
    if os.environ.get("TILELOOM_UPDATE_GOLDEN") == "1":
        known = {**snapshot(), case: text}
        SNAPSHOT.write_text("".join(f"# {name}\n{known[name]}\n" for name in CASES if name in known))
    assert snapshot().get(case) == text


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    codes = {line.split()[0] for line in text_of("several problems at once", tmp_path).splitlines()}
    assert {"TL201", "TL203", "TL110", "TL208"} <= codes


def test_missing_file_is_one_problem(tmp_path: Path) -> None:
    (problem,) = check(tmp_path / "absent.onnx")
    assert problem.code == "TL101"
    (problem,) = check(tmp_path)
    assert problem.code == "TL101"


def test_linked_external_data_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(4 * 4 * 9 * 4))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "soft.bin").symlink_to(secret)
    os.link(secret, folder / "hard.bin")
    (folder / "own.bin").write_bytes(bytes(4 * 4 * 9 * 4))
    for name, codes in (("soft.bin", ["TL104"]), ("hard.bin", ["TL104"]), ("own.bin", [])):
        (folder / "net.onnx").write_bytes(external(name).SerializeToString())
        assert [problem.code for problem in check(folder / "net.onnx")] == codes, name


def test_every_code_has_an_explanation() -> None:
    for code in CODES:
        title, text = explain(code).split("\n\n", 1)
        assert title.startswith(f"{code}: ") and len(text) > 40


@pytest.mark.parametrize("seed", range(4))
def test_mutilated_files_never_crash(seed: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(seed)
    good = example(
        step("Conv", "x w", "c", pads=[1, 1, 1, 1]),
        step("Relu", "c", "r"),
        step("Flatten", "r", "f"),
        step("Gemm", "f v", "y"),
        w=numbers(2, 4, 3, 3),
        v=numbers(72, 3),
    ).SerializeToString()
    structure = len(good) - (2 * 4 * 9 + 72 * 3) * 4
    file = tmp_path / "net.onnx"
    refused = 0
    for _ in range(150):
        data = bytearray(good)
        for _ in range(int(generator.integers(1, 4))):
            data[int(generator.integers(0, structure))] = int(generator.integers(0, 256))
        file.write_bytes(bytes(data))
        refused += bool(check(file))
    assert refused > 20


def test_model_in_memory_is_not_changed() -> None:
    model = conv()
    before = model.SerializeToString()
    take_model(model)
    assert model.SerializeToString() == before
