"""Speed of the RTL engine: ``python benchmarks/rtl_speed.py`` prints simulated cycles a second, data included.

A network runs frame after frame on one machine until it has simulated enough cycles. The goal is 200,000 cycles a
second on the default target with the modern network, over 10^6 cycles or more. It is no test: the figure depends on
the computer and on what else it does; the processor's time is printed beside the clock's.
"""

import argparse
import json
import sys
import time

from tileloom.compilation import compile_quantised, quantise_model
from tileloom.frames import frames_for
from tileloom.hw.build import build
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.registers import Error
from tileloom.model_argument import find
from tileloom.sim.rtl.engine import RtlEngine

GOAL = 200_000
FRAMES_AT_ONCE = 50


def measure(network: str, target_name: str, least_cycles: int) -> dict[str, object]:
    """Run until ``least_cycles`` are simulated; the figures, rates in cycles a second."""
    target = load_target(target_name)
    argument = find(network)
    quantised = quantise_model(argument, target, None, None, seed=0)
    program = compile_quantised(quantised, target)
    inputs = [quantised.graph.tensors[name] for name in quantised.graph.inputs]
    codes = frames_for(inputs, None, FRAMES_AT_ONCE, 0, argument).codes
    library = build(target, progress=lambda line: print(line, file=sys.stderr)).library
    with RtlEngine(library) as engine:
        frames = 0
        clock, processor, before = time.perf_counter(), time.process_time(), engine.total_cycles
        while engine.total_cycles - before < least_cycles:
            result = engine.run(program, codes)
            if result.error is not Error.NONE:
                raise SystemExit(f"{network} halts with {result.error.name} on {target_name}.")
            frames += len(result.frames)
        cycles = engine.total_cycles - before
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return {
        "network": network,
        "target": target_name,
        "frames": frames,
        "cycles": cycles,
        "seconds": round(clock, 3),
        "processor_seconds": round(processor, 3),
        "cycles_per_second": round(cycles / clock),
        "cycles_per_processor_second": round(cycles / processor),
        "goal": GOAL,
    }


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", default="digits_modern")
    parser.add_argument("--target", default="default", choices=presets())
    parser.add_argument("--cycles", type=int, default=1_000_000, help="simulated at least")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.network, options.target, options.cycles)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['network']} on {found['target']}: {found['cycles']:,} cycles in {found['frames']} frames")
    print(f"{found['cycles_per_second']:,} cycles/s by the clock ({found['seconds']} s; goal {GOAL:,})")
    print(f"{found['cycles_per_processor_second']:,} cycles/s of processor time ({found['processor_seconds']} s)")


if __name__ == "__main__":
    main()
