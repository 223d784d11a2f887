"""``python -m benchmarks.write_network NAME FILE.onnx``: a network of the table as a file, for any command."""

import argparse
from pathlib import Path

import onnx

from tileloom.models.benchmark_networks import NETWORKS


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Write a network of the table of utilisations as an ONNX file.")
    parser.add_argument("network", choices=tuple(NETWORKS))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    onnx.save(NETWORKS[options.network](), options.file)
    print(f"wrote {options.file}, {options.file.stat().st_size:,} bytes, random weights")


if __name__ == "__main__":
    main()
