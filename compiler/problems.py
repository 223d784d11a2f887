"""Problems of a user's network or data: what is wrong, which rule says so, and what to do about it.

A pass never stops at the first problem: it collects, and :class:`ModelError` carries all of them at once. Codes are
stable; their explanations stand in :mod:`tileloom.compiler.problem_codes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.compiler.problem_codes import CODES


@dataclass(frozen=True)
class Problem:
    """One reason why a network cannot be compiled.

    Parameters
    ----------
    code : a key of :data:`tileloom.compiler.problem_codes.CODES`
    node : name of the ONNX node, tensor or file that is at fault
    source : the user's own PyTorch file and line, empty where the exporter did not write it
    rule : what must hold, as a sentence without its full stop
    value : what was found instead; empty where the rule says it
    fix : the nearest change that makes it work
    """

    code: str
    node: str
    source: str
    rule: str
    value: str
    fix: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"code must be one of the table in problem_codes.py, not {self.code!r}")

    def __str__(self) -> str:
        where = f"{self.node} ({self.source})" if self.source else self.node
        value = f", not {self.value}" if self.value else ""
        return f"{self.code} {where}: {self.rule}{value}; {self.fix}."


class ModelError(Exception):
    """The user's network or data cannot be used; :attr:`problems` says why, all at once.

    >>> str(ModelError([Problem("TL201", "n", "a.py:3", "operators must be supported", "Sin", "remove it")]))
    'TL201 n (a.py:3): operators must be supported, not Sin; remove it.'
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def explain(code: str) -> str:
    """The explanation of a code, for ``tileloom explain CODE``; ``KeyError`` where there is no such code.

    >>> explain("TL203").splitlines()[0]
    'TL203: the groups of a convolution do not divide its channels'
    """
    title, text = CODES[code]
    return f"{code}: {title}\n\n{text}"
