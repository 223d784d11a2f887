"""The table of outcomes: for the terminal, and as docs/conformance.md."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.conformance.cases import Case
from tests.conformance.outcome import Outcome, Place
from tests.import_edges import ROOT

DOCUMENT = ROOT / "docs" / "conformance.md"
ON_GRID = Path(__file__).with_name("on_grid.txt")
"""Names of the cases that must end on the grid (or, after the @, on the host); it may only grow."""
LINEAR, OTHERS = 0.001, 0.005
"""What the stated error bounds may be at most, in parts of the output's range, on 16 bits."""
# fmt: off
NONLINEAR = frozenset({
    "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Selu", "Softplus", "Exp", "Softmax", "Pow", "Sqrt", "LRN",
    "LpPool", "GlobalLpPool", "Div", "Mul",
})
# fmt: on


def expected_places() -> dict[str, Place]:
    """Where the snapshot says that cases must end."""
    lines = ON_GRID.read_text().split() if ON_GRID.exists() else []
    return {line.removesuffix("@host"): Place.HOST if line.endswith("@host") else Place.GRID for line in lines}


def update_snapshot(outcomes: Mapping[str, Outcome]) -> None:
    """Add what is new on the grid or the host."""
    places = expected_places()
    for name, found in outcomes.items():
        if found.place is Place.GRID or (found.place is Place.HOST and name not in places):
            places[name] = found.place
    lines = [f"{name}@host" if place is Place.HOST else name for name, place in sorted(places.items())]
    ON_GRID.write_text("\n".join(lines) + "\n")


def totals(outcomes: Mapping[str, Outcome]) -> str:
    """How many cases ended where, in one line."""
    counts = Counter(found.place for found in outcomes.values())
    parts = [f"{counts[place]} {place} ({counts[place] / len(outcomes):.0%})" for place in Place]
    return f"{len(outcomes)} cases: " + ", ".join(parts)


def document(cases: Mapping[str, Case], outcomes: Mapping[str, Outcome]) -> str:
    """docs/conformance.md."""
    lines = [
        "# ONNX operator conformance",
        "",
        "Made by `make conformance`. The cases of `onnx.backend.test` that belong to convolutional networks",
        "(`tests/conformance/convnet_cases.txt`), each compiled, run on the functional simulator, compared with the",
        "integer reference bit for bit and with the expected outputs: integers exactly, floats within the error bound",
        "that the compiler states. Float cases run on the default machine with 16-bit operands, those with codes of",
        "their own on the default machine.",
        "",
        f"**{totals(outcomes)}.**",
        "",
        *_by_operator(cases, outcomes),
        *_refusals(outcomes),
        *_faults(outcomes),
        *_wide(cases, outcomes),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _by_operator(cases: Mapping[str, Case], outcomes: Mapping[str, Outcome]) -> list[str]:
    counts: dict[str, Counter[Place]] = defaultdict(Counter)
    for name, found in outcomes.items():
        for operator in cases[name].operators:
            counts[operator][found.place] += 1
    lines = ["| operator | " + " | ".join(Place) + " |", "|---|" + "---|" * len(Place)]
    for operator, places in sorted(counts.items()):
        lines.append(f"| {operator} | " + " | ".join(str(places[place] or "") for place in Place) + " |")
    return [*lines, ""]


def _refusals(outcomes: Mapping[str, Outcome]) -> list[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, found in outcomes.items():
        if found.place is Place.REFUSED:
            reasons[_general(found)].append(name)
    lines = ["## Refusals, the commonest first", "", "| cases | reason | such as |", "|---|---|---|"]
    for reason, names in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        some = ", ".join(names[:3])
        lines.append(f"| {len(names)} | {reason} | {some} |")
    return [*lines, ""] if reasons else []


def _general(found: Outcome) -> str:
    """The refusal without the names of nodes and the fix; unsupported operators by name."""
    _, _, sentence = found.reason.partition(": ")
    rule, _, rest = sentence.partition(", not ")
    value = rest.rpartition("; ")[0]
    if found.code == "TL201":
        return f"{found.code} {value} is not supported"
    return f"{found.code} {rule or found.reason}".replace("|", "/")


def _faults(outcomes: Mapping[str, Outcome]) -> list[str]:
    lines = [
        f"| {name} | {found.place} | {found.reason.replace('|', '/')} |"
        for name, found in outcomes.items()
        if found.place in (Place.WRONG, Place.CRASHED)
    ]
    return ["## Wrong or crashed", "", "| case | | what |", "|---|---|---|", *lines, ""] if lines else []


STEEP = "a root is infinitely steep at 0, so that no step of its input bounds that of its result"
WIDE = {
    "test_softmax_large_number": "scores from 0 to 10,003 in one tensor are steps of 0.15 with 16 bits",
    "test_clip_example": "its calibration data has the output -1, 0 and 1 alone, which get a grid of whole numbers",
    "test_lppool_1d_default": STEEP,
    "test_lppool_2d_default": STEEP,
    "test_lppool_2d_pads": STEEP,
    "test_lppool_2d_same_lower": STEEP,
}
"""Cases whose bound must be wide, and why; what they give is as near as that of the others."""


def too_wide(case: Case, found: Outcome) -> bool:
    """Whether the stated bound says too little: above 0.1 % of the output's range, 0.5 % with nonlinear operators."""
    limit = OTHERS if NONLINEAR.intersection(case.operators) else LINEAR
    return found.share is not None and found.share > limit


def _wide(cases: Mapping[str, Case], outcomes: Mapping[str, Outcome]) -> list[str]:
    wide = {name: found.share for name, found in outcomes.items() if too_wide(cases[name], found)}
    if not wide:
        return []
    some = sorted(wide.items(), key=lambda item: -(item[1] or 0.0))[:20]
    lines = [f"| {name} | {share:.3%} | {WIDE.get(name, '')} |" for name, share in some]
    return [
        "## Wide bounds",
        "",
        f"{len(wide)} cases on the grid have a bound above {LINEAR:.1%} of the output's range ({OTHERS:.1%} with",
        "nonlinear operators). The widest:",
        "",
        "| case | bound | why |",
        "|---|---|---|",
        *lines,
        "",
    ]
