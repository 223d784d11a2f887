"""SCALE-Sim 3.0.0 on the convolutions of ResNet-50: ``python -m benchmarks.peers.scalesim``.

Its topology is written from our network (inputs as large as the padding makes them), its array has 128 x 128
multipliers, weight stationary, three SRAMs of 1 MB; printed are compute cycles, their utilisation, and the processor
seconds that the simulation takes (*measured*), beside ours.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.peers.environment import environment
from tileloom.bench.networks import integer_graph
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Conv2d
from tileloom.hw.spec.config import load_target
from tileloom.sim.cycle.simulate import simulate

PACKAGES = ("scalesim==3.0.0", "numpy==2.0.2")
CONFIG = """[general]
run_name = peer
[architecture_presets]
ArrayHeight : {size}
ArrayWidth : {size}
IfmapSramSzkB : 1024
FilterSramSzkB : 1024
OfmapSramSzkB : 1024
IfmapOffset : 0
FilterOffset : 10000000
OfmapOffset : 20000000
Bandwidth : 16
Dataflow : ws
MemoryBanks : 1
ReadRequestBuffer : 32
WriteRequestBuffer : 32
[layout]
IfmapCustomLayout : False
IfmapSRAMBankBandwidth : 10
IfmapSRAMBankNum : 10
IfmapSRAMBankPort : 2
FilterCustomLayout : False
FilterSRAMBankBandwidth : 10
FilterSRAMBankNum : 10
FilterSRAMBankPort : 2
[sparsity]
SparsitySupport : false
SparseRep : ellpack_block
OptimizedMapping : false
BlockSize : 8
RandomNumberGeneratorSeed : 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def topology(layers: int) -> tuple[str, int]:
    """The first ``layers`` convolutions of ResNet-50 as SCALE-Sim reads them, and their multiply-accumulates."""
    graph, lines, macs = integer_graph("resnet50"), [], 0
    for number, each in enumerate([o for o in graph.operators if isinstance(o, Conv2d)][:layers]):
        read, window = graph.tensors[each.input], each.window
        top, left, bottom, right = window.pads
        outputs, inputs = each.weights.shape[:2]
        seen = (read.height + top + bottom, read.width + left + right)
        sizes = (*seen, *window.kernel, inputs, outputs, window.stride[0])
        lines.append(f"L{number}, " + ", ".join(map(str, sizes)) + ",")
        macs += graph.macs(each)
    head = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    return "\n".join([head, *lines, ""]), macs


def main() -> None:
    """Run both simulators and print a line for each."""
    parser = argparse.ArgumentParser(description="SCALE-Sim beside the cycle simulator of this project on ResNet-50.")
    parser.add_argument("--layers", type=int, default=54, help="convolutions that are simulated; all take two minutes")
    parser.add_argument("--size", type=int, default=128, help="rows and columns of its array")
    options = parser.parse_args()
    programs = environment("scalesim", *PACKAGES)
    text, macs = topology(options.layers)
    with tempfile.TemporaryDirectory(prefix="tileloom-scalesim-") as name:
        folder = Path(name)
        (folder / "net.csv").write_text(text)
        (folder / "layout.csv").write_text(_layout(text))
        (folder / "peer.cfg").write_text(CONFIG.format(size=options.size))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [
                *(str(programs / "python"), "-m", "scalesim.scale", "-t", "net.csv", "-l", "layout.csv"),
                *("-c", "peer.cfg", "-p", str(folder / "out"), "-s", "Y"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        (report,) = (folder / "out").rglob("COMPUTE_REPORT.csv")
        cycles = sum(float(line.split(",")[1]) for line in report.read_text().splitlines()[1:])
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    value = macs / (cycles * options.size**2)
    print(f"SCALE-Sim {options.size}x{options.size}: {cycles:12,.0f} cycles {value:.3f} in {seconds:.1f} CPU-seconds")
    program = compile_graph(integer_graph("resnet50"), load_target("default"))
    begin = time.process_time()
    ours = simulate(program).frames[0].cycles
    print(f"tileloom default:  {ours:12,} cycles of the whole network in {time.process_time() - begin:.1f} CPU-seconds")


def _layout(text: str) -> str:
    """A layout that is never looked at, which SCALE-Sim asks for all the same."""
    lines = text.strip().splitlines()[1:]
    columns = "Layer name, " + ", ".join(f"c{number}" for number in range(16)) + ","
    return "\n".join([columns, *(f"{line.split(',')[0]}, " + "1, " * 16 for line in lines), ""])


if __name__ == "__main__":
    main()
