"""The convolution layers of a classifier: what lies before its first fully connected layer."""

import onnx

CLASSIFIER = ("Gemm", "MatMul", "Flatten", "Reshape", "Softmax", "GlobalAveragePool", "AveragePool")
"""Operators of which the last run at the end of a network is its classifier."""
PASSED = ("LRN", "Dropout")
"""Operators that are no convolution layers and leave the shape alone."""


def trunk(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network up to its last convolution, pool behind it included; LRN and Dropout are left out.

    The result shares nothing with ``model``.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    alias = {node.output[0]: node.input[0] for node in graph.node if node.op_type in PASSED}

    def named(value: str) -> str:
        while value in alias:
            value = alias[value]
        return value

    nodes = [node for node in graph.node if node.op_type not in PASSED]
    last = max(i for i, node in enumerate(nodes) if node.op_type == "Conv")
    end = last + 1
    while end < len(nodes) and nodes[end].op_type not in CLASSIFIER:
        end += 1
    kept = nodes[:end]
    for node in kept:
        node.input[:] = [named(value) for value in node.input]
    used = {value for node in kept for value in node.input}
    output = kept[-1].output[0]
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:], graph.output[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
    inputs = [value for value in graph.input if value.name in used and value.name not in {w.name for w in weights}]
    del graph.input[:]
    graph.input.extend(inputs)
    graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None))
    graph.name += "_convolutions"
    return made


__all__ = ["trunk"]
