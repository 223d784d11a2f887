"""Arity: every live node of ai.onnx has the inputs that its operator requires, and no more than it takes.

Requires: order, opset. Ensures: rules, folding and lowering may read every required input and the first output.
Operators that ONNX does not know in this operator set are left to others.
"""

import onnx

from tileloom.compiler.network import Network
from tileloom.compiler.node import Node
from tileloom.compiler.problems import Problem


def check_arity(network: Network) -> Network:
    """Report every node with missing or surplus inputs."""
    problems = []
    for node in network.nodes():
        if node.proto.domain not in ("", "ai.onnx") or not onnx.defs.has(node.op, network.opset, ""):
            continue
        fault = _fault(node, onnx.defs.get_schema(node.op, network.opset, ""))
        if fault:
            rule = f"{node.op}: the inputs and outputs of the ONNX standard must be there"
            problems.append(Problem("TL111", node.name, node.source.line, rule, fault, "export the network again"))
    return network.with_problems(problems)


def _fault(node: Node, schema: onnx.defs.OpSchema) -> str:
    """What is missing or too much, in words; empty where all is right."""
    if not schema.min_input <= len(node.inputs) <= schema.max_input:
        return f"{len(node.inputs)} inputs"
    single = onnx.defs.OpSchema.FormalParameterOption.Single
    for name, parameter in zip(node.inputs, schema.inputs, strict=False):
        if parameter.option == single and not name:
            return f"one without {parameter.name}"
    if len(node.outputs) > schema.max_output or not (node.outputs and node.outputs[0]):
        return f"{len([name for name in node.outputs if name])} outputs"
    return ""
