"""Speed of the simulators beside the RTL engine: ``python -m benchmarks.simulator_speed``, all measured in one run.

ResNet-50 (random weights) for the cycle simulator alone and with the functional simulator, cifar_resnet8 where the case
networks are there, and the RTL engine on digits_modern, on one target. It is no test: the figures depend on the
computer and on what else it does, so that the processor's time stands beside the clock's.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from benchmarks.rtl_speed import measure as measure_rtl
from tests.cases.networks import CASES
from tests.large.trial import quantised
from tileloom.compilation import quantise_model
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import IntegerGraph
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.program import Codes, Program
from tileloom.model_argument import find
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

RTL_NETWORK = "digits_modern"
RTL_CYCLES = 400_000
REPEATS = 3
"""The fastest of so many runs counts: the others wait for other programs."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class Speed:
    """One engine on one network; ``asked`` is the goal for the clock's seconds, or for cycles a second."""

    engine: str
    network: str
    cycles: int
    seconds: float
    processor_seconds: float
    asked_seconds: float | None = None
    asked_rate: float | None = None

    @property
    def rate(self) -> float:
        """Simulated cycles a second of the processor's time."""
        return self.cycles / self.processor_seconds

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        asked = f"{self.asked_seconds:g} s" if self.asked_seconds else ""
        asked += f" {self.asked_rate / 1e6:g} M/s" if self.asked_rate else ""
        rate = f"{self.rate / 1e6:.2f} M/s" if self.rate >= 1e6 else f"{self.rate / 1e3:.0f} k/s"
        seconds = (f"{self.seconds:.3f}", f"{self.processor_seconds:.3f}")
        return self.engine, self.network, f"{self.cycles:,}", *seconds, rate, asked.strip()


def fastest(work: Callable[[], Made], repeats: int) -> tuple[Made, float, float]:
    """The result, and the least seconds of clock and processor."""
    clocks, processors = [], []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        made = work()
        clocks.append(time.perf_counter() - clock)
        processors.append(time.process_time() - processor)
    return made, min(clocks), min(processors)


def random_inputs(program: Program) -> dict[str, Codes]:
    """One frame of random codes."""
    random = np.random.default_rng(0)
    return {
        t.name: random.integers(t.low, t.high + 1, (1, t.channels, t.height, t.width)).astype(t.code_type)
        for t in program.inputs
    }


def resnet8(target_name: str) -> IntegerGraph | None:
    """cifar_resnet8 as the case networks have it, None where they are not there."""
    path = CASES / "cifar_resnet8" / "resnet8_int8_qdq.onnx"
    if not path.exists():
        return None
    return quantise_model(find(path), load_target(target_name), None, None, 0).graph


def speeds(target_name: str) -> list[Speed]:
    """All measurements; progress goes to standard error."""
    target = load_target(target_name)

    def told(line: str) -> None:
        print(line, file=sys.stderr)

    told("ResNet-50: quantising and compiling")
    graph, _ = quantised("resnet50", 0)
    program = compile_graph(graph, target)
    inputs = random_inputs(program)
    timed, clock, processor = fastest(lambda: simulate(program), REPEATS)
    cycles = timed.frames[0].cycles
    found = [Speed("cycle", "ResNet-50", cycles, clock, processor, asked_seconds=3.0, asked_rate=1e7)]
    told("ResNet-50: functional and cycle simulator")
    _, clock, processor = fastest(lambda: (run(program, inputs), simulate(program)), 1)
    found.append(Speed("functional + cycle", "ResNet-50", cycles, clock, processor, asked_seconds=15.0))
    small = resnet8(target_name)
    if small is not None:
        small_program = compile_graph(small, target)
        timed, clock, processor = fastest(lambda: simulate(small_program), 2 * REPEATS)
        found.append(Speed("cycle", "cifar_resnet8", timed.frames[0].cycles, clock, processor, asked_seconds=0.1))
    told("RTL engine: building it where the cache has it not")
    rtl = measure_rtl(RTL_NETWORK, target_name, RTL_CYCLES)
    clock, processor = (float(str(rtl[name])) for name in ("seconds", "processor_seconds"))
    return [*found, Speed("RTL", RTL_NETWORK, int(str(rtl["cycles"])), clock, processor)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="default", choices=presets())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = speeds(options.target)
    if options.json:
        print(json.dumps([{**asdict(each), "cycles_per_processor_second": each.rate} for each in found], indent=1))
        return
    head = ("engine", "network", "cycles", "seconds", "processor s", "cycles/processor s", "asked")
    print(f"target {options.target}; the fastest of several runs, measured")
    for row in (head, *(each.cells() for each in found)):
        print("".join(f"{cell:>20}" for cell in row))
    if not any(each.network == "cifar_resnet8" for each in found):
        print("cifar_resnet8 was left out: the case networks (TILELOOM_CASES) are not here.")


if __name__ == "__main__":
    main()
