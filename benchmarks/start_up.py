"""Seconds that a user waits before anything is done: ``python -m benchmarks.start_up``.

``tileloom --help``, ``tileloom check`` of ResNet-50 with all its weights, and the import of the cycle simulator, each
in a process of its own, the quickest of some repetitions. It is no test: the figures depend on the computer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnx

from tileloom.models.light import light_model


def measure(command: list[str], repetitions: int) -> float:
    """Seconds by the clock of the quickest run of the command."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        seconds.append(time.perf_counter() - start)
    return round(min(seconds), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tileloom = [sys.executable, "-m", "tileloom"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet50.onnx"
        onnx.save(light_model("resnet50"), path)
        commands = {
            "tileloom --help": ([*tileloom, "--help"], 0.3),
            "tileloom check resnet50.onnx": ([*tileloom, "check", str(path)], 2.0),
            "import tileloom.sim.cycle.simulate": ([sys.executable, "-c", "import tileloom.sim.cycle.simulate"], None),
        }
        rows = [
            {"command": name, "seconds": measure(command, options.repetitions), "goal": goal}
            for name, (command, goal) in commands.items()
        ]
    if options.json:
        print(json.dumps({"rows": rows}, indent=1))
        return
    for row in rows:
        print(f"{row['command']:<36} {row['seconds']:>7} s" + (f"  goal {row['goal']} s" if row["goal"] else ""))


if __name__ == "__main__":
    main()
