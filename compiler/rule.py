"""Rules that an operator must keep: the sentence is data, so that messages and the table of operators share it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tileloom.compiler.node import Node
from tileloom.compiler.problems import Problem


@dataclass(frozen=True)
class Rule:
    """What must hold for a node.

    Parameters
    ----------
    code : of the problem when it does not
    text : the rule, a sentence without its full stop
    fix : what the user can do
    violation : of a node: the offending value in words, None where the rule is kept. Called only when the shapes of
        all inputs and outputs that exist are known
    """

    code: str
    text: str
    fix: str
    violation: Callable[[Node], str | None]

    def check(self, node: Node) -> Problem | None:
        """The problem of a node that breaks the rule."""
        value = self.violation(node)
        if value is None:
            return None
        return Problem(self.code, node.name, node.source.line, f"{node.op}: {self.text}", value, self.fix)


def constant_operand(index: int, what: str) -> Rule:
    """The operand, where present, must be known at compile time."""

    def violation(node: Node) -> str | None:
        if node.has_input(index) and node.constant(index) is None:
            return f"the computed value {node.inputs[index]!r}"
        return None

    return Rule("TL205", f"{what} must be a constant", f"make {what} a constant of the model", violation)


def rank_of_input(ranks: Sequence[int], fix: str) -> Rule:
    """The first input must have one of the ranks."""

    def violation(node: Node) -> str | None:
        shape = node.shape(0)
        return None if shape is None or len(shape) in ranks else f"{len(shape)} (shape {list(shape)})"

    allowed = " or ".join(str(rank) for rank in ranks)
    return Rule("TL206", f"the input must have {allowed} axes", fix, violation)


def first_axis_is_one() -> Rule:
    """The first axis of the first input is the batch and must be 1."""

    def violation(node: Node) -> str | None:
        shape = node.shape(0)
        return None if not shape or shape[0] == 1 else str(shape[0])

    return Rule("TL113", "the batch must be 1", "export the network with batch 1", violation)


def attribute_is(name: str, allowed: Sequence[int], default: int, fix: str) -> Rule:
    """An integer attribute must have one of the values."""

    def violation(node: Node) -> str | None:
        value = node.integer(name, default)
        return None if value in allowed else str(value)

    text = " or ".join(str(value) for value in allowed)
    return Rule("TL202", f"{name} must be {text}", fix, violation)


def scalar_constant(index: int, what: str) -> Rule:
    """The operand, where present and constant, must have one element that is not NaN."""

    def violation(node: Node) -> str | None:
        constant = node.constant(index)
        if constant is None:
            return None
        if constant.values.size != 1:
            return f"{constant.values.size} elements"
        return "NaN" if np.isnan(float(constant.values.ravel()[0])) else None

    return Rule("TL202", f"{what} must be one number", f"give {what} as a scalar", violation)
