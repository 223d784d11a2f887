"""``make fuzz``: very many mutants, in worker processes that are watched from outside.

``python -m tests.fuzz [--kind check|compile|program|rtl] [--count N] [--seed N] [--processes N]``. A worker that dies
or hangs is recorded with the seed of its mutant, and another goes on behind it. Exit status 1 where anything was found.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

COUNTS = {"check": 200_000, "compile": 20_000, "program": 10_000, "rtl": 1_000}
"""Mutants of each kind, unless told otherwise."""
PATIENCE = 30.0
"""Seconds without progress after which a worker counts as hanging."""


@dataclass
class Campaign:
    """One kind: what is left to do, and what came out."""

    kind: str
    left: list[tuple[int, int]]
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Worker:
    """A process that works through seeds; its file says where it is and what came out so far."""

    process: subprocess.Popen[bytes]
    file: Path
    last: int
    seen: str = ""
    since: float = field(default_factory=time.monotonic)


def main() -> int:
    """Run the campaigns one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--kind", choices=COUNTS, action="append")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    faulty = False
    for kind in wanted.kind or COUNTS:
        count = wanted.count or COUNTS[kind]
        share = -(-count // wanted.processes)
        ranges = [
            (first, min(first + share, wanted.seed + count)) for first in range(wanted.seed, wanted.seed + count, share)
        ]
        campaign = Campaign(kind, ranges)
        with tempfile.TemporaryDirectory(prefix="tileloom-fuzz-") as folder:
            _run(campaign, Path(folder), wanted.processes)
        print(f"{kind}: {campaign.ends.total()} mutants, seeds from {wanted.seed}")
        for end, number in campaign.ends.most_common():
            print(f"  {number:8} {end}")
        for fault in campaign.faults:
            print(f"  FAULT {fault}")
        faulty = faulty or bool(campaign.faults)
    return int(faulty)


def _run(campaign: Campaign, folder: Path, processes: int) -> None:
    workers: list[Worker] = []
    number = 0
    while campaign.left or workers:
        while campaign.left and len(workers) < processes:
            first, last = campaign.left.pop(0)
            number += 1
            workers.append(_start(campaign.kind, first, last, folder / str(number)))
        time.sleep(0.2)
        for worker in list(workers):
            if not _is_busy(worker):
                workers.remove(worker)
                _take_over(campaign, worker)


def _start(kind: str, first: int, last: int, folder: Path) -> Worker:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.fuzz.worker", kind, str(first), str(last), str(folder)]
    return Worker(subprocess.Popen(command, stderr=subprocess.DEVNULL), folder / "report.json", last)


def _is_busy(worker: Worker) -> bool:
    if worker.process.poll() is not None:
        return False
    text = worker.file.read_text() if worker.file.exists() else ""
    if text != worker.seen:
        worker.seen, worker.since = text, time.monotonic()
    if time.monotonic() - worker.since > PATIENCE:
        worker.process.kill()
        worker.process.wait()
        return False
    return True


def _take_over(campaign: Campaign, worker: Worker) -> None:
    """Count what the worker did; where it did not come to its end, say so and go on behind the mutant."""
    report = json.loads(worker.file.read_text()) if worker.file.exists() else {"next": None, "ends": {}, "faults": []}
    campaign.ends.update(report["ends"])
    campaign.faults += report["faults"]
    reached = report["next"]
    if reached is None:
        campaign.faults.append(f"{campaign.kind}: a worker did not start")
    elif reached < worker.last:
        campaign.ends["process lost"] += 1
        campaign.faults.append(f"{campaign.kind} seed {reached}: process ended with {worker.process.returncode}")
        if reached + 1 < worker.last:
            campaign.left.append((reached + 1, worker.last))


if __name__ == "__main__":
    sys.exit(main())
