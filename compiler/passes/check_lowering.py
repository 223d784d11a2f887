"""Expressible: what lowering refuses is reported beside all other problems, not only once those are mended.

Requires: shapes, constants, rules. Ensures: of a network with problems, every node that lowering would refuse and that
no faulty node stands before is reported too. A network without problems passes untouched: lowering itself judges it.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.network import Network
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.passes.lower import lower_nodes


def check_lowering(network: Network) -> Network:
    """Lower what is sound, for its refusals alone."""
    if not network.problems or not all(name in network.shapes for name in network.inputs):
        return network
    blamed = {problem.node for problem in network.problems}
    nodes = network.nodes()
    values = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    if not blamed <= values | {node.name for node in nodes}:
        return network
    faulty = blamed & values
    for node in nodes:
        known = all(name in network.shapes for name in (*node.inputs, *node.outputs) if name)
        if node.name in blamed or node.op not in operator_table() or not known:
            faulty.update(node.outputs)
    return network.with_problems(lower_nodes(network, Lowering(network), faulty))
