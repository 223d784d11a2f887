"""Arm's own estimate for Ethos-U55 on MLPerf Tiny networks: ``python -m benchmarks.peers.vela``.

Runs ``ethos-u-vela`` 5.2.0 on the int8 TFLite files of the folder that ``TILELOOM_CASES`` names, High-End-Embedded
system with shared SRAM, and prints cycles and the share of the MACs that they use (*estimated*).
"""

import csv
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.peers.environment import environment

PACKAGE = "ethos-u-vela==5.2.0"
FILES = {"resnet8": "cifar_resnet8/pretrainedResnet_quant.tflite", "dscnn": "kws_dscnn/kws_ref_model.tflite"}
MACS = (32, 64, 128, 256)


def main() -> None:
    """Print a line for each network and configuration."""
    folder = os.environ.get("TILELOOM_CASES")
    if folder is None:
        raise SystemExit("TILELOOM_CASES must name the folder of case networks, which has the TFLite files")
    programs = environment("vela", PACKAGE)
    for network, file in FILES.items():
        for macs in MACS:
            figures = estimate(programs / "vela", Path(folder, file), macs)
            cycles, work = float(figures["cycles_total"]), float(figures["nn_macs"])
            print(
                f"{network:10} Ethos-U55-{macs:<4} {cycles:10,.0f} cycles {work / cycles / macs:.3f} estimated",
                flush=True,
            )


def estimate(vela: Path, network: Path, macs: int) -> dict[str, str]:
    """The summary that Vela writes, by column."""
    with tempfile.TemporaryDirectory(prefix="tileloom-vela-") as scratch:
        subprocess.run(
            [
                *(str(vela), str(network), "--output-dir", scratch, "--config", "Arm/vela.ini"),
                *("--accelerator-config", f"ethos-u55-{macs}", "--memory-mode", "Shared_Sram"),
                *("--system-config", "Ethos_U55_High_End_Embedded"),
            ],
            check=True,
            capture_output=True,
        )
        (summary,) = Path(scratch).glob("*_summary_*.csv")
        (row,) = csv.DictReader(summary.read_text().splitlines())
    return row


if __name__ == "__main__":
    main()
