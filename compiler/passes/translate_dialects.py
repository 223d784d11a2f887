"""Dialects: operators of other toolchains become ONNX's own, or functions of them.

Requires: a loaded model. Ensures: functions of the model's own are inlined; the operators of
:mod:`tileloom.compiler.dialects` are gone; those of our own domain carry their meaning as functions of the model, so
that shape inference and every float runtime understand it. Other foreign operators stay, to be reported.
"""

from dataclasses import replace

import onnx
import onnx.inliner
from onnx import helper

from tileloom.compiler.dialects import qlinear, qonnx, requant_shift
from tileloom.compiler.dialects.rewriting import Rewriting, Untranslatable, small_constants
from tileloom.compiler.limits import NODES
from tileloom.compiler.network import Network
from tileloom.compiler.node import DOMAIN
from tileloom.compiler.passes.raise_opset import LEAST
from tileloom.compiler.problems import Problem

TRANSLATIONS = {**qlinear.TRANSLATIONS, **qonnx.TRANSLATIONS, **requant_shift.TRANSLATIONS}


def translate_dialects(network: Network) -> Network:
    """Rewrite every node that a dialect knows; what it cannot express is a problem."""
    model = _inlined(network.model)
    foreign = [node for node in model.graph.node if _key(node) in TRANSLATIONS]
    if len(model.graph.node) > NODES or not foreign:
        return replace(network, model=model)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    constants = small_constants(changed.graph)
    problems: list[Problem] = []
    nodes: list[onnx.NodeProto] = []
    ours = False
    for node in list(changed.graph.node):
        if _key(node) not in TRANSLATIONS or len(node.output) != 1:
            nodes.append(node)
            continue
        rewriting = Rewriting(node, constants)
        try:
            TRANSLATIONS[_key(node)](rewriting)
        except Untranslatable as refusal:
            problems.append(refusal.problem)
            nodes.append(node)
            continue
        nodes += rewriting.nodes
        changed.graph.initializer.extend(rewriting.initialisers)
        ours = ours or any(made.domain == DOMAIN for made in rewriting.nodes)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del changed.graph.node[:]
    changed.graph.node.extend(kept)
    if ours:
        opset = max([LEAST, *(entry.version for entry in changed.opset_import if entry.domain in ("", "ai.onnx"))])
        changed.functions.extend([*qonnx.functions(opset), *requant_shift.functions(opset)])
        changed.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        changed.ir_version = max(changed.ir_version, 8)
    return replace(network, model=changed).with_problems(problems)


def _key(node: onnx.NodeProto) -> tuple[str, str]:
    return ("" if node.domain == "ai.onnx" else node.domain, node.op_type)


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the bodies of its functions in their callers' place; as it is where that fails."""
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception:  # the nodes that call functions are then reported as unsupported
        return model
