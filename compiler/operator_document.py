"""docs/operators.md: every supported ONNX operator, what it becomes and when it is refused, from the rules themselves.

``python -m tileloom.compiler.operator_document FILE`` writes it (``make operators``); a test keeps the file current.
"""

import sys
from pathlib import Path

from tileloom.compiler.limits import DIMENSION, ELEMENTS, OPSETS, RANK
from tileloom.compiler.operator_table import SupportedOperator, operator_table

HEAD = f"""# Supported operators

Made from the compiler's own rules by `make operators`. Operator sets ai.onnx {OPSETS[0]} to {OPSETS[1]}; values of at
most {RANK} axes, {DIMENSION:,} elements on each and {ELEMENTS:,} in all. A node that breaks a rule is refused with the
code, the value found and the fix (`tileloom explain CODE` tells more); so is every operator that is not here (TL201).
Whatever depends on constants only is computed at compile time, whether it is listed here or not.
"""


def document() -> str:
    """The whole page."""
    table = operator_table()
    groups: dict[str, list[SupportedOperator]] = {}
    for operator in table.values():
        groups.setdefault(operator.description, []).append(operator)
    names = ", ".join(f"[{name}](#{_anchor(name)})" for name in sorted(table))
    parts = [HEAD, f"{len(table)} operators: {names}.\n"]
    parts += [_section(group) for group in sorted(groups.values(), key=lambda group: group[0].name)]
    return "\n".join(parts)


def _anchor(name: str) -> str:
    return name.lower().replace(".", "")


def _section(operators: list[SupportedOperator]) -> str:
    """Operators of one file: a heading each, what they share once."""
    first = operators[0]
    lines = [f"## {operator.name}\n" for operator in operators]
    lines.append(f"{first.description}\n")
    if first.rules:
        lines += ["| must hold | else | fix |", "|---|---|---|"]
        lines += [f"| {_cell(rule.text)} | {rule.code} | {_cell(rule.fix)} |" for rule in first.rules]
        lines.append("")
    shown = ", ".join(dict.fromkeys(example.name for operator in operators for example in operator.examples))
    lines.append(f"Tested: {shown}.\n")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
