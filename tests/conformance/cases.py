"""ONNX's own operator cases: one model with inputs and the outputs that they must give."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

Array = npt.NDArray[Any]

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
"""Parts of ``onnx.backend.test`` whose models and data come with the package."""
LIST = Path(__file__).with_name("convnet_cases.txt")
"""The cases that belong to convolutional networks, one name on each line, in order."""


@dataclass(frozen=True, eq=False)
class Case:
    """One case; ``data`` holds pairs of inputs and expected outputs, each an array or (sequences) something else."""

    kind: str
    name: str
    model: onnx.ModelProto
    data: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators of the model, each once."""
        return tuple(sorted({node.op_type for node in self.model.graph.node}))


@cache
def all_cases() -> dict[str, Case]:
    """Every case by name (about 2,000, five seconds)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own generators divide by zero on purpose
        return {case.name: case for kind in KINDS for case in _cases(kind)}


def convnet_cases() -> list[Case]:
    """The cases of :data:`LIST`."""
    cases = all_cases()
    return [cases[name] for name in LIST.read_text().split()]


def _cases(kind: str) -> Iterator[Case]:
    for case in load_model_tests(kind=kind):
        if case.model is not None:
            data = [
                (tuple(map(_array, inputs)), tuple(map(_array, outputs))) for inputs, outputs in case.data_sets or ()
            ]
            yield Case(kind, case.name, case.model, tuple(data))
        elif case.model_dir is not None:
            folder = Path(case.model_dir)
            model = onnx.load(folder / "model.onnx")
            sets = sorted(folder.glob("test_data_set_*"))
            if all(value.type.HasField("tensor_type") for value in (*model.graph.input, *model.graph.output)):
                data = [(_files(each, "input"), _files(each, "output")) for each in sets]
                yield Case(kind, case.name, model, tuple(data))


def _array(value: Any) -> Any:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _files(folder: Path, prefix: str) -> tuple[Array, ...]:
    arrays = []
    for index in range(len(list(folder.glob(f"{prefix}_*.pb")))):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"{prefix}_{index}.pb").read_bytes())
        arrays.append(np.asarray(numpy_helper.to_array(tensor)))
    return tuple(arrays)


# fmt: off
FIRST_MILESTONE = frozenset({
    "Conv", "ConvTranspose", "Gemm", "MatMul", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool",
    "GlobalMaxPool", "GlobalLpPool", "BatchNormalization", "LRN", "Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid",
    "Tanh", "HardSigmoid", "HardSwish", "Elu", "Selu", "Softplus", "Exp", "Softmax", "Add", "Sub", "Mul", "Div",
    "Min", "Max", "Sum", "Abs", "Neg", "Sqrt", "Pow", "ReduceMean", "ReduceSum", "ReduceMax", "Concat", "Split",
    "Slice", "Gather", "Pad", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "Transpose", "Reshape",
    "Flatten", "Squeeze", "Unsqueeze", "Expand", "Identity", "Dropout", "Constant", "QuantizeLinear",
    "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
})
# fmt: on
"""Operators that a case of a convolutional network is made of."""
LATER = (
    "_3d", "3d_", "Conv3d", "Pool3d", "BatchNorm3d", "3D", "training", "train_", "_random_old", "cubic", "antialias",
    "crop_and_resize", "zero_size", "empty_set", "allowzero", "expanded", "blocked", "e4m3", "e5m2", "float4", "int16",
    "int4", "int2", "float16", "float8",
)  # fmt: skip
"""Parts of names of cases that a convolutional network does not need: three dimensions, training, cubic resizing,
empty tensors, number formats that the machine does not have.
"""
INPUT_TYPES = (onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


def belongs(case: Case) -> bool:
    """Whether a case is one of a convolutional network: the rule by which :data:`LIST` was made."""
    initialised = {tensor.name for tensor in case.model.graph.initializer}
    inputs = [value for value in case.model.graph.input if value.name not in initialised]
    if not inputs or not set(case.operators) <= FIRST_MILESTONE or set(case.operators) <= {"Constant"}:
        return False
    if any(word in case.name for word in LATER):
        return False
    return inputs[0].type.tensor_type.elem_type in INPUT_TYPES
