"""The table of ONNX operators: every file in ``compiler/operators`` adds its own, found by itself.

A file defines ``NAMES`` (the ONNX operators it speaks for), ``RULES`` (why a node may be refused), ``lower(node,
lowering)`` and ``EXAMPLES`` (small networks that tests run); its docstring says what the operator becomes.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import tileloom.compiler.operators as folder
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example
from tileloom.compiler.rule import Rule


@dataclass(frozen=True)
class SupportedOperator:
    """What one ONNX operator's file says."""

    name: str
    description: str
    rules: Sequence[Rule]
    lower: Callable[[Node, Lowering], None]
    examples: Sequence[Example]


@cache
def operator_table() -> dict[str, SupportedOperator]:
    """Every supported ONNX operator by name."""
    table: dict[str, SupportedOperator] = {}
    for entry in sorted(pkgutil.iter_modules(folder.__path__), key=lambda entry: entry.name):
        module = importlib.import_module(f"{folder.__name__}.{entry.name}")
        for name in module.NAMES:
            if name in table:
                raise ValueError(f"operator {name} must be described once, not again in {entry.name}.py")
            table[name] = SupportedOperator(
                name, str(module.__doc__).strip(), module.RULES, module.lower, module.EXAMPLES
            )
    return table
