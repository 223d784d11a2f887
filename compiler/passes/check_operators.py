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
    problems: list[Problem] = []
    for node in network.nodes():
        if node.op not in table or not _arity_is_right(node):
            continue
        unknown = _unknown(node)
        if unknown is None:
            problems += [found for rule in table[node.op].rules if (found := rule.check(node)) is not None]
        elif not network.problems and not problems:
            problems.append(
                Problem(
                    "TL112",
                    node.name,
                    node.source.line,
                    f"{node.op}: all shapes must follow from the inputs",
                    f"the unknown shape of {unknown!r}",
                    "export with fixed sizes",
                )
            )
    if not network.problems and not problems and not network.order:
        problems.append(
            Problem(
                "TL114", network.name, "", "a network must compute something", "constants only", "check its outputs"
            )
        )
    return network.with_problems(problems)


def _arity_is_right(node: Node) -> bool:
    return bool(node.inputs and node.inputs[0]) and bool(node.outputs and node.outputs[0])


def _unknown(node: Node) -> str | None:
    for name in (*node.inputs, node.outputs[0]):
        if name and name not in node.shapes:
            return name
    return None
