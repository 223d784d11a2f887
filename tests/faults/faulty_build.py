"""The machine with a fault in it: a copy of the hardware's sources, its Verilog, its simulation library."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.fault import Fault
from tests.import_edges import ROOT
from tileloom.hw.build import cache_folder

BUILDER = Path(__file__).with_name("build_copy.py")


def faulty_library(fault: Fault) -> Path:
    """The simulation library of ``fault.target`` with the fault; the checkout is not touched.

    It is kept in the build cache, so that one whose sources did not change is not made again.

    Raises
    ------
    ValueError : the line is not there, or what it became cannot be built
    """
    with tempfile.TemporaryDirectory(prefix="tileloom-fault-") as folder:
        package = Path(folder) / "tileloom"
        copy_hardware(package)
        source = package / fault.file
        source.write_text(fault.plant(source.read_text(encoding="utf-8")), encoding="utf-8")
        return built_library(package.parent, fault.target)


def copy_hardware(package: Path) -> None:
    """A package of the hardware and its driver alone."""
    package.mkdir()
    (package / "__init__.py").touch()
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hw", package / "hw", ignore=without)
    shutil.copytree(ROOT / "sim" / "rtl", package / "sim" / "rtl", ignore=without)


def built_library(folder: Path, target: str) -> Path:
    """The library of a target, built by the package in ``folder`` in a Python of its own."""
    cache = cache_folder() / "faults"
    command = [sys.executable, str(BUILDER), target, str(cache)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"the faulty machine cannot be built:\n{done.stderr[-2000:]}")
    return Path(done.stdout.strip())
