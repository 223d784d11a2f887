"""Sweep by hand: ``python -m tests.equality.run --target default --layers 500 --programs 1000 --seed 0 --json -``.

Seeds are those from ``--seed`` on, so ``--layers 1 --programs 0 --seed 1234`` runs the layer that a message names
again. Exit status 1 where anything differs.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.equality.memories import MEMORIES
from tests.equality.sweep import SIX, TARGETS, Report, summary, sweep


def main(arguments: list[str] | None = None) -> int:
    """Run the sweeps that the command line asks for; returns the exit status."""
    options = _options().parse_args(arguments)
    reports = []
    for name in options.target or (SIX if options.six else TARGETS):
        layers = range(options.seed, options.seed + options.layers)
        programs = range(options.seed, options.seed + options.programs)
        for memory in options.memory or [""]:
            reports.append(sweep(name, layers, programs, _say, memory))
    for report in reports:
        for line in report.layers.refusals:
            _say(line)
        _say(f"{report.target}: layers: {summary(report.layers)}")
        _say(f"{report.target}: programs: {summary(report.programs)}")
    if options.json:
        _write(options.json, reports)
    return int(any(report.differences for report in reports))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.equality.run", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--target",
        action="append",
        metavar="NAME|FILE",
        help=f"a preset, a target of the benchmarks or a TOML file; may be repeated; by default {', '.join(TARGETS)}",
    )
    parser.add_argument("--six", action="store_true", help=f"the targets {', '.join(SIX)}")
    parser.add_argument(
        "--memory", action="append", choices=tuple(MEMORIES), help="programs meet this memory; may be repeated"
    )
    parser.add_argument("--layers", type=int, default=500)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--json", metavar="PATH", help="- for standard output")
    return parser


def _write(path: str, reports: list[Report]) -> None:
    text = json.dumps({"schema": "tileloom-equality", "version": 1, "targets": [asdict(r) for r in reports]}, indent=1)
    if path == "-":
        print(text)
    else:
        Path(path).write_text(f"{text}\n", encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
