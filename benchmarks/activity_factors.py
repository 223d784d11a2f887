"""Count what the hardware does with each event, and how well that holds on another network.

    python -m benchmarks.activity_factors                  # calibrate on the zoo, test on the cases
    python -m benchmarks.activity_factors --write          # and keep the factors: sim/energy/factors.toml
    python -m benchmarks.activity_factors --target mac36   # test the kept factors on another target

Calibration: one frame of digits_modern and one of lenet5 on `small`, real digits, on the RTL with switching activity.
Test: cifar_resnet8 and kws_dscnn of the folder that TILELOOM_CASES names.
"""

import argparse
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tileloom.activity.build import verilog_of
from tileloom.activity.trace import run_traced
from tileloom.compilation import compiled
from tileloom.engines import run_cycle
from tileloom.files import Arrays
from tileloom.frames import calibration_of, frames_for
from tileloom.hw.spec.config import load_target
from tileloom.model_argument import find
from tileloom.sim.activity.compare import Run, calibrate, compare
from tileloom.sim.activity.measure import measure
from tileloom.sim.activity.netlist import read_netlist
from tileloom.sim.activity.saif import read_saif
from tileloom.sim.energy.factors import TABLE, Factors, load_factors
from tileloom.sim.energy.technology import load_technology
from tileloom.verbs.activity import SMALL_SHARE

TARGET = "small"
CALIBRATION = ("digits_modern", "lenet5")
CASES = {
    "cifar_resnet8": ("cifar_resnet8/resnet8_int8_qdq.onnx", "cifar_resnet8/ic01_even100.npz", "input_1_int8"),
    "kws_dscnn": ("kws_dscnn/kws_dscnn_int8_qdq.onnx", "kws_dscnn/kws01_even.npz", "input_1"),
}
AGREEMENT = 0.25
"""What event-based and activity-based energy of a unit may differ by on a network that was not calibrated on."""
HEAD = """\
# What the hardware does with every event (factors.py tells what the numbers mean), counted in its RTL by
# `python -m benchmarks.activity_factors --write`. low and high: the worst units of the calibration itself.
counted_on = "{counted_on}"
low = {low:.3f}
high = {high:.3f}
"""


def run_of(name: str, model: str | Path, target: str = TARGET, data: Arrays | None = None) -> Run:
    """One frame with its activity; of a zoo network without data, the first of its own held-out frames."""
    argument = find(model)
    made = compiled(argument, target, calibration_of(None), data, 0)
    frames = frames_for(made.inputs, data, 1, 0, argument)
    counted = run_cycle(made.program, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "activity.saif")
        _, library = run_traced(made.program, frames.codes, path, progress=print)
        told = read_saif(path)
    clock_ps = max(1, round(1e12 / made.program.target.clock_hz))
    found = measure(read_netlist(verilog_of(library)), told, clock_ps)
    return Run(f"{name} on {target}", made.program.target, counted.events, counted.frames[0].cycles, found)


def case_run(name: str, folder: Path, target: str = TARGET) -> Run:
    """One frame of a case network, its own data."""
    model, data, tensor = CASES[name]
    with np.load(folder / data) as file:
        frames = file["x"][:1]
    return run_of(
        name, folder / model, target, {tensor: frames.astype(np.float32) if frames.dtype == np.uint8 else frames}
    )


def worst(run: Run, factors: Factors, technology: str = "asic45") -> float:
    """Largest difference of a unit of at least 1 % of the energy, as a share of its activity-based energy."""
    rows = compare(run, load_technology(technology), factors)
    return max(abs(row.ratio - 1) for row in rows if row.share >= SMALL_SHARE and row.ratio is not None)


def show(run: Run, factors: Factors, technology: str) -> None:
    """Print the units of a run."""
    print(f"\n{run.name}, {run.cycles:,} cycles, {technology}: event-based over activity-based energy")
    for row in compare(run, load_technology(technology), factors):
        small = "  (below 1 %)" if row.share < SMALL_SHARE else ""
        rate = "" if row.toggle_rate is None else f"{row.toggle_rate:.4f} changes a bit and cycle"
        print(f"  {row.unit:16} {row.ratio or 0:6.3f}  share {100 * row.share:5.1f} %  {rate}{small}")


def write(factors: Factors) -> None:
    """Keep the factors."""
    lines = [HEAD.format(counted_on=factors.counted_on, low=factors.low, high=factors.high)]
    for unit, found in factors.units.items():
        lines.append(f'[units."{unit}"]\n' + "".join(f"{name} = {value}\n" for name, value in asdict(found).items()))
    TABLE.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Calibrate, test, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--target", default=TARGET)
    parser.add_argument("--technology", default="asic45")
    given = parser.parse_args()
    load_target(given.target)
    if given.target == TARGET:
        runs = [run_of(name, name) for name in CALIBRATION]
        factors = calibrate(runs, load_technology())
        for run in runs:
            show(run, factors, given.technology)
    else:
        factors = load_factors()
    if given.write:
        write(factors)
    folder = os.environ.get("TILELOOM_CASES")
    for name in CASES if folder else ():
        run = case_run(name, Path(str(folder)), given.target)
        show(run, factors, given.technology)
        print(f"  worst unit of at least 1 %: {100 * worst(run, factors, given.technology):.1f} % (asked: 25 %)")


if __name__ == "__main__":
    main()
