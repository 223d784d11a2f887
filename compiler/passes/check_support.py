"""Support: every live node names a known operator; a complete report before anything is lowered.

Requires: order. Ensures: each operator is in the table, or a problem says which are nearest. Operators that constant
folding can take away are judged only by the second of the two passes, after it.
"""

import difflib

from tileloom.compiler.network import Network
from tileloom.compiler.node import Node
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.passes.fold_constants import FOLDABLE
from tileloom.compiler.problems import Problem

REPLACEMENTS = {
    "DynamicQuantizeLinear": "quantise statically, as QuantizeLinear",
    "ReduceProd": "add logarithms and take the exponential of their sum",
    "Silu": "write a product with Sigmoid",
    "Sin": "remove it, or approximate it by supported functions",
}
"""Nearest supported operator of some that are not."""
OTHERWISE = "remove it, or express it by those that `tileloom explain TL201` lists"


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
        near = difflib.get_close_matches(node.op, table, n=1, cutoff=0.75)
        fix = REPLACEMENTS.get(node.op) or (f"the nearest is {near[0]}" if near else OTHERWISE)
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
