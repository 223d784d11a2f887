"""Rules: every live node keeps the rules of its operator.

Requires: shapes and constants. Ensures: each operator can be lowered as far as its own attributes and operands go.
"""

from tileloom.compiler.network import Network
from tileloom.compiler.node import Node
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.problems import Problem


def check_operators(network: Network) -> Network:
    """Report every broken rule; nodes behind values of unknown shape are judged once the cause is mended."""
    table = operator_table()
    known = set(network.problems)
    blamed = {problem.node for problem in network.problems}
    tainted: set[str] = set()
    problems: list[Problem] = []
    for node in network.nodes():
        found: list[Problem] = []
        if node.op in table and _arity_is_right(node) and all(name in node.shapes for name in node.inputs if name):
            found = [problem for rule in table[node.op].rules if (problem := rule.check(node)) is not None]
            # An operand that is no constant because of an earlier problem is not this node's fault.
            found = [each for each in found if not (each.code == "TL205" and tainted.intersection(node.inputs))]
            problems += [each for each in found if each not in known]
        if found or node.name in blamed:
            tainted.update(node.outputs)
    if not network.problems and not problems:
        problems = _unfinished(network)
    return network.with_problems(problems)


def _unfinished(network: Network) -> list[Problem]:
    """What keeps a network without broken rules from being lowered."""
    if not network.order:
        return [
            Problem(
                "TL114", network.name, "", "a network must compute something", "constants only", "check its outputs"
            )
        ]
    for node in network.nodes():
        for name in (*node.inputs, *node.outputs[:1]):
            if name and name not in node.shapes and not network.doubt:
                return [
                    Problem(
                        "TL112",
                        node.name,
                        node.source.line,
                        f"{node.op}: all shapes must follow from the inputs",
                        f"the unknown or empty shape of {name!r}",
                        "export with fixed sizes",
                    )
                ]
    return []


def _arity_is_right(node: Node) -> bool:
    return bool(node.inputs and node.inputs[0]) and bool(node.outputs and node.outputs[0])
