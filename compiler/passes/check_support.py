"""Support: every live node names a known operator; a complete report before anything is lowered.

Requires: order. Ensures: each operator is in the table, or a problem says what to write instead. Operators that
constant folding can take away are judged only by the second of the two passes, after it.
"""

from tileloom.compiler.network import Network
from tileloom.compiler.node import Node
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.passes.fold_constants import FOLDABLE
from tileloom.compiler.problems import Problem

CHOICE = "write the choice with Relu, LeakyRelu, Clip, Max or Min"
REPLACEMENTS = {
    "CumSum": "write a MatMul with a triangular matrix of ones",
    "DynamicQuantizeLinear": "quantise statically, as QuantizeLinear",
    "Equal": CHOICE,
    "Greater": CHOICE,
    "GreaterOrEqual": CHOICE,
    "Less": CHOICE,
    "LessOrEqual": CHOICE,
    "MaxRoiPool": "crop by a constant Slice, and pool with MaxPool",
    "MaxUnpool": "enlarge the map with Resize or ConvTranspose",
    "ReduceProd": "add logarithms and take the exponential of their sum",
    "RoiAlign": "crop by a constant Slice, and scale with Resize",
    "ScatterElements": "put the parts together with Concat",
    "ScatterND": "put the parts together with Concat",
    "Silu": "write a product with Sigmoid",
    "Sin": "remove it, or approximate it by supported functions",
    "Where": CHOICE,
}
"""Nearest supported operators of some that are not, by what they do: names that look alike mean something else."""
OTHERWISE = (
    "remove it, express it by those that `tileloom explain TL201` lists, or leave it and all behind it to the host "
    "with --host-ops"
)


def check_support(network: Network) -> Network:
    """Report every operator that is neither supported nor foldable."""
    return _report(network, [node for node in network.nodes() if not _may_fold(node)])


def check_folded(network: Network) -> Network:
    """Report every operator that could have been folded, was not, and is not supported."""
    return _report(network, [node for node in network.nodes() if _may_fold(node)])


def _may_fold(node: Node) -> bool:
    return node.op in FOLDABLE


def _report(network: Network, nodes: list[Node]) -> Network:
    table = operator_table()
    problems = []
    for node in nodes:
        if node.op in table:
            continue
        fix = REPLACEMENTS.get(node.op, OTHERWISE)
        problems.append(
            Problem(
                "TL201",
                node.name,
                node.source.line,
                "the operator must be one of the supported",
                node.op,
                fix,
            )
        )
    return network.with_problems(problems)
