"""Run in the folder of a copied package: builds a preset's library there, and prints where it is.

Usage: ``build_copy.py TARGET CACHE``. The library runs a few thousand cycles only, so that its compilation counts.
"""

import sys
from pathlib import Path

from tileloom.hw import build, verilator
from tileloom.hw.spec.config import load_target

QUICK_FLAGS = ("-O1", "-fPIC", "-DVL_TIME_CONTEXT")


def main(target: str, cache: str) -> None:
    """Print the path of the library of a preset."""
    if Path.cwd() not in Path(build.__file__).parents:
        raise SystemExit(f"this must run on a copy of the hardware, not on {build.__file__}")
    for module in (build, verilator):
        vars(module)["COMPILER_FLAGS"] = QUICK_FLAGS
    print(build.build(load_target(target), cache=Path(cache), jobs=1).library)


if __name__ == "__main__":
    main(*sys.argv[1:])
