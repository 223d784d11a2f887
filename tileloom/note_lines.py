"""The compiler's notes for the terminal: what is said of many nodes in one line, and never a screen full."""

import re
from collections.abc import Sequence

FITTED = re.compile(r"(?P<function>\w+) at (?P<node>\S+): .* greatest error (?P<error>[0-9.]+) output codes .*")
MANY = 2
"""So many notes of one function are still told one by one."""
LINES = 12


def note_lines(notes: Sequence[str]) -> list[str]:
    """The notes, those on fitted functions joined by function; the JSON form has them all.

    >>> text = "Tanh at n{}: 64 segments from 0 to 1, greatest error 0.5{} output codes over all 9 inputs (...)"
    >>> note_lines([text.format(i, i) for i in range(3)] + ["the batch is taken as 1"])
    ['Tanh at 3 nodes, n0 and others: greatest error 0.52 output codes (rounding alone 0.5)', 'the batch is taken as 1']
    """
    fitted: dict[str, list[re.Match[str]]] = {}
    for note in notes:
        match = FITTED.fullmatch(note)
        if match:
            fitted.setdefault(match["function"], []).append(match)
    lines, told = [], set()
    for note in notes:
        match = FITTED.fullmatch(note)
        if match is None or len(fitted[match["function"]]) <= MANY:
            lines.append(note)
        elif match["function"] not in told:
            told.add(match["function"])
            lines.append(_joined(fitted[match["function"]]))
    left = len(lines) - LINES
    return lines if left <= 0 else [*lines[:LINES], f"{left} more notes: --json has all."]


def _joined(found: Sequence[re.Match[str]]) -> str:
    worst = max((match["error"] for match in found), key=float)
    first = found[0]
    return (
        f"{first['function']} at {len(found)} nodes, {first['node']} and others: greatest error {worst} output codes "
        "(rounding alone 0.5)"
    )
