"""`make faults`: every planted fault must be found; prints the table and writes docs/faults.md.

Usage: ``python -m tests.faults.run [--jobs N] [--keep] [NAME ...]``. Without names all faults are planted. The document
is written unless ``--keep``; faults that are not planted keep their row. Exit status 1 if a fault survives or the
machine without one shows a difference.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from rich.console import Console
from rich.table import Table

from tests.faults.document import DOCUMENT, document
from tests.faults.examine import NO_FAULT, Finding
from tests.faults.fault import Fault, FaultKind, planted_faults
from tests.import_edges import ROOT

PATIENCE = 1800
"""Seconds for one fault, its build included."""


def find(name: str) -> Finding:
    """Examine one fault in a process of its own; one that dies or hangs is a finding, too."""
    command = [sys.executable, "-m", "tests.faults.examine", name]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return Finding(name, stopped=f"no answer in {PATIENCE} seconds")
    if done.returncode:
        return Finding(name, stopped=_last_words(done))
    return Finding(**json.loads(done.stdout))


def differences_without_fault() -> list[str]:
    """What the trials show on the machine as it is."""
    command = [sys.executable, "-m", "tests.faults.examine", NO_FAULT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return [_last_words(done)]
    return [str(line) for line in json.loads(done.stdout)]


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    return f"status {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"


def named_difference(fault: Fault, finding: Finding) -> str:
    """What a fault of its kind must be reported with: the first job for timing, the first element for arithmetic."""
    return finding.job if fault.kind is FaultKind.TIMING else finding.element


def find_all(faults: Iterable[Fault], jobs: int) -> dict[str, Finding]:
    """Findings by name, ``jobs`` at a time, each said as soon as it is there."""
    found: dict[str, Finding] = {}
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(find, fault.name): fault for fault in faults}
        for number, future in enumerate(as_completed(waiting), 1):
            fault, finding = waiting[future], future.result()
            found[fault.name] = finding
            result = named_difference(fault, finding) or f"NOT FOUND {finding.stopped}"
            print(f"[{number}/{len(waiting)}] {fault.name}: {finding.trial}: {result}", flush=True)
    return found


def table(faults: Iterable[Fault], found: dict[str, Finding]) -> Table:
    """Fault, what it was found by, first difference."""
    made = Table(title="planted faults")
    for column in ("fault", "kind", "target", "found by", "first difference"):
        made.add_column(column, overflow="fold")
    for fault in faults:
        finding = found[fault.name]
        result = named_difference(fault, finding) or f"[bold]SURVIVES[/bold] {finding.stopped}"
        made.add_row(fault.name, fault.kind, fault.target, finding.trial, result)
    return made


def main() -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="faults to plant (default: all)")
    parser.add_argument("--jobs", type=int, default=2, help="faults at a time")
    parser.add_argument("--keep", action="store_true", help="do not write the document")
    options = parser.parse_args()
    everything = planted_faults()
    unknown = set(options.names) - set(everything)
    if unknown:
        parser.error(f"faults.toml has no fault {', '.join(sorted(unknown))}")
    faults = [fault for name, fault in everything.items() if not options.names or name in options.names]
    begin = time.perf_counter()
    sound = differences_without_fault() if not options.names else []
    for line in sound:
        print(f"WITHOUT A FAULT: {line}")
    found = find_all(faults, options.jobs)
    Console().print(table(faults, found))
    survivors = [fault.name for fault in faults if not named_difference(fault, found[fault.name])]
    print(f"{len(faults) - len(survivors)} of {len(faults)} found in {time.perf_counter() - begin:.0f} s")
    if not options.keep:
        before = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        DOCUMENT.write_text(document(everything.values(), found, before), encoding="utf-8")
    return 1 if survivors or sound else 0


if __name__ == "__main__":
    sys.exit(main())
