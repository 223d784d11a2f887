"""The nine *light* topologies of the onnx package, with weights: the networks that every convnet tool is asked for.

The package ships AlexNet, DenseNet-121, Inception v1 and v2, ResNet-50, ShuffleNet, SqueezeNet, VGG-19 and ZFNet-512 as
graphs whose weights are constants of one value. Here they are random: kernels He-scaled (so that activations neither
vanish nor grow), biases and batch-norm statistics around their usual values. The same seed gives the same network.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

Floats = npt.NDArray[np.float32]

LIGHT = {
    "alexnet": "bvlc_alexnet",
    "densenet121": "densenet121",
    "inception_v1": "inception_v1",
    "inception_v2": "inception_v2",
    "resnet50": "resnet50",
    "shufflenet": "shufflenet",
    "squeezenet": "squeezenet",
    "vgg19": "vgg19",
    "zfnet512": "zfnet512",
}
"""Our names of the networks, and the package's."""
KERNELS = ("Conv", "Gemm", "MatMul")
PLACED = ("Unsqueeze", "Reshape")
"""Operators that only give a constant other axes."""
PIXEL_DEVIATION = 64.0
"""Standard deviation of the pixels of a photograph, about."""
IR_VERSION = 4
"""The first version whose initialisers need not be inputs as well."""
STATISTICS = {1: "factor", 2: "offset", 3: "offset", 4: "factor"}
"""What each operand of a batch norm is: scale, bias, mean, variance."""


def light_model(name: str, seed: int = 0) -> onnx.ModelProto:
    """The network ``name`` of :data:`LIGHT`, its weights as initialisers; shapes are those of ImageNet."""
    source = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{LIGHT[name]}.onnx"
    model = onnx.load(source)
    roles = _roles(model.graph)
    given = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {node.output[0]: node for node in model.graph.node if node.op_type == "ConstantOfShape"}
    random = np.random.default_rng(seed)
    weights: list[onnx.TensorProto] = []
    for value, role in roles.items():
        if value in made:
            shape = tuple(int(size) for size in numpy_helper.to_array(given[made[value].input[0]]))
        elif value in given:
            shape = tuple(given[value].dims)
        else:
            continue
        weights.append(numpy_helper.from_array(_values(role, shape, random), value))
    _replace_weights(model.graph, weights, made)
    model.ir_version = max(model.ir_version, IR_VERSION)
    return model


def random_images(model: onnx.ModelProto, frames: int, seed: int = 0) -> dict[str, Floats]:
    """Random images by input name, ``(frames, channels, height, width)``: pixels of 8 bits without their mean.

    Their size matters: local response normalisation does nothing to small numbers.
    """
    random = np.random.default_rng(seed)
    weights = {tensor.name for tensor in model.graph.initializer}
    found = {}
    for entry in model.graph.input:
        if entry.name not in weights:
            shape = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
            found[entry.name] = random.standard_normal((frames, *shape[1:]), np.float32) * np.float32(PIXEL_DEVIATION)
    return found


def _roles(graph: onnx.GraphProto) -> dict[str, str]:
    """For every weight what it is: kernel, factor or offset; values that are no weights may be among them."""
    roles: dict[str, str] = {}
    for node in reversed(graph.node):
        if node.op_type in PLACED and node.output[0] in roles:
            roles[node.input[0]] = roles[node.output[0]]
            continue
        for position, value in enumerate(node.input):
            if node.op_type in KERNELS and position:
                roles[value] = "kernel" if position == 1 else "offset"
            elif node.op_type == "BatchNormalization" and position:
                roles[value] = STATISTICS[position]
            elif node.op_type in ("Mul", "Add") and position:
                roles[value] = "factor" if node.op_type == "Mul" else "offset"
    return roles


def _values(role: str, shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    """Random weights of one role."""
    if role == "kernel":
        inputs = int(np.prod(shape[1:]))
        return random.standard_normal(shape, np.float32) * np.float32((2.0 / inputs) ** 0.5)
    if role == "factor":
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    return random.standard_normal(shape, np.float32) * np.float32(0.2)


def _replace_weights(
    graph: onnx.GraphProto, weights: list[onnx.TensorProto], made: Mapping[str, onnx.NodeProto]
) -> None:
    """Put ``weights`` in place of the nodes and initialisers that gave them before; entries that nobody reads go."""
    names = {tensor.name for tensor in weights}
    nodes = [node for node in graph.node if node.op_type != "ConstantOfShape" or node.output[0] not in names]
    kept = [tensor for tensor in graph.initializer if tensor.name not in names]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    read = {value for node in nodes for value in node.input}
    graph.initializer.extend(tensor for tensor in (*kept, *weights) if tensor.name in read)
    held = {tensor.name for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in held and entry.name in read]
    assert not read & (set(made) - held), "every weight that is read has been given values"
    del graph.input[:]
    graph.input.extend(inputs)
