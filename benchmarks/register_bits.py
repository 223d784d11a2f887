"""Fit ``sim/energy/register_bits.toml`` to the Verilog of all presets, or show how far it is off.

    python -m benchmarks.register_bits            # count, and compare with the terms that are there
    python -m benchmarks.register_bits --write    # fit the terms anew

Terms are never negative; the sum of squared relative errors is least (non-negative least squares, by the multiplicative
steps of Lee and Seung, which need no library). Making all the Verilog takes minutes the first time.
"""

import sys

import numpy as np

from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import PRESETS, Target, load_target, presets
from tileloom.sim.activity.netlist import read_netlist
from tileloom.sim.energy.registers import TABLE, features, register_bits

STEPS = 200_000
HEAD = """\
# Register bits of a machine as a sum of terms, fitted to the Verilog of {count} presets by
# `python -m benchmarks.register_bits --write`; sim/energy/registers.py tells what each term multiplies.
error = {error}  # the largest relative error on those presets

[terms]
"""


def targets() -> list[Target]:
    """Every preset and every target of the table of utilisations."""
    bench = sorted((PRESETS / "bench").glob("*.toml"))
    return [*(load_target(name) for name in presets()), *(load_target(path) for path in bench)]


def counted(target: Target) -> int:
    """Flip-flops in the Verilog of a target."""
    return read_netlist(verilog_text(target)).register_bits()


def fit(machines: list[Target], bits: list[int]) -> tuple[dict[str, float], float]:
    """Terms, and the largest relative error."""
    rows = [features(target) for target in machines]
    names = list(rows[0])
    a = np.array([[row[name] for name in names] for row in rows]) / np.array(bits, dtype=np.float64)[:, None]
    scale = a.max(0)
    a = a / scale
    x = np.full(len(names), 1 / len(names))
    wanted, square = a.sum(0), a.T @ a
    for _ in range(STEPS):
        x *= wanted / np.maximum(square @ x, 1e-300)
    terms = {name: round(float(value), 3) for name, value in zip(names, x / scale, strict=True)}
    errors = [sum(terms[n] * row[n] for n in names) / true - 1 for row, true in zip(rows, bits, strict=True)]
    return terms, max(abs(error) for error in errors)


def main() -> None:
    """Count, fit where asked, and print the comparison."""
    machines = targets()
    bits = []
    for target in machines:
        bits.append(counted(target))
        print(f"{target.name:10} {bits[-1]:8,} in the Verilog, {register_bits(target).value:10,.0f} by the terms")
    if "--write" in sys.argv[1:]:
        terms, error = fit(machines, bits)
        lines = [f"{name} = {value}" for name, value in terms.items()]
        head = HEAD.format(count=len(machines), error=round(error + 0.0005, 3))
        TABLE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"written; largest error {error:.1%}")


if __name__ == "__main__":
    main()
