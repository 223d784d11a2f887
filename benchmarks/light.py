"""The nine large networks of the onnx package: ``python -m benchmarks.light [NETWORK ...]`` prints a line for each.

Each is given random weights, calibrated, compiled for a target, timed by the cycle simulator and run on the functional
simulator; every tensor is compared with the integer reference. Each runs in a process of its own, so that peak memory
is the network's.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

from tests.large.trial import Trial, try_network
from tileloom.compiler.problems import ModelError
from tileloom.hw.spec.config import load_target
from tileloom.models.light import LIGHT

HEAD = ("network", "quantise s", "compile s", "cycle s", "functional s", "GB", "cycles", "MACs busy", "differ", "poor")


def attempt(name: str, target: str, seed: int) -> Trial | str:
    """The figures of a network, or why it cannot be compiled."""
    try:
        return try_network(name, load_target(target), seed)
    except ModelError as error:
        values = sorted({f"{problem.code} {problem.value}" for problem in error.problems})
        return f"{len(error.problems)} problems: {', '.join(values)}"


def main() -> None:
    """Print the table; ``--json`` prints one document instead."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(LIGHT))
    parser.add_argument("--target", default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    if not options.json:
        print(f"seed {options.seed}, target {options.target}")
        print("".join(f"{title:>14}" for title in HEAD))
    for name in options.networks or LIGHT:
        with ProcessPoolExecutor(1) as process:
            found = process.submit(attempt, name, options.target, options.seed).result()
        rows.append({"network": name, "refused": found} if isinstance(found, str) else asdict(found))
        if not options.json:
            print(f"{name:>14}  {found}" if isinstance(found, str) else _line(found), flush=True)
    if options.json:
        print(json.dumps({"rows": rows}, indent=1))


def _line(trial: Trial) -> str:
    seconds = (trial.quantise_seconds, trial.compile_seconds, trial.cycle_seconds, trial.functional_seconds)
    cells = [trial.network, *(f"{each:.1f}" for each in seconds), f"{trial.peak_bytes / 1e9:.2f}", f"{trial.cycles:,}"]
    cells += [f"{trial.utilisation:.3f}", str(trial.mismatches), str(len(trial.poor))]
    return "".join(f"{cell:>14}" for cell in cells)


if __name__ == "__main__":
    main()
