"""docs/faults.md: the list of planted faults and what each was found by."""

from collections.abc import Iterable

from tests.faults.examine import Finding
from tests.faults.fault import Fault, FaultKind
from tests.faults.trials import PHASES, PROGRAMS
from tests.import_edges import ROOT

DOCUMENT = ROOT / "docs" / "faults.md"

HEAD = f"""\
# Planted faults

Written by `make faults`. Each fault of `tests/faults/faults.toml` replaces one line of the hardware's source in a copy
of it; the faulty machine is built and runs what the tests run: for arithmetic a small compiled network with taps, then
up to {PROGRAMS} random programs of {PHASES} phases, then a program that fills a log to its last byte. It is compared
as `tileloom verify` compares: the RTL's tensors with those of the integer reference or the functional simulator, its
trace with that of the cycle simulator. A timing fault must be reported with the first job that differs, an arithmetic
fault with the first element. The same trials show no difference on the machine without a fault.
"""


def document(faults: Iterable[Fault], found: dict[str, Finding], before: str = "") -> str:
    """The text of the document; faults that were not planted now keep their row of ``before``."""
    faults = list(faults)
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in before.split("\n") if line.startswith("| ")}
    parts = [HEAD]
    for kind, title, other in (
        (FaultKind.TIMING, "Timing", "stored elements that differ"),
        (FaultKind.ARITHMETIC, "Arithmetic", "elements that differ"),
    ):
        mine = [fault for fault in faults if fault.kind is kind]
        rows = [row(f, found[f.name]) if f.name in found else kept.get(f.name, row(f, Finding(f.name))) for f in mine]
        head = f"| fault | file | what the machine does | target | found by | first difference | {other} |"
        parts.append("\n".join([f"## {title}\n", head, "|---|---|---|---|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def row(fault: Fault, finding: Finding) -> str:
    """One line of a table."""
    difference = finding.job if fault.kind is FaultKind.TIMING else finding.element
    wrong = f"{finding.mismatches:,} of {finding.elements:,}"
    cells = (fault.name, f"`{fault.file}`", fault.breaks, fault.target, finding.trial, difference or "SURVIVES", wrong)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
