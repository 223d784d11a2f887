"""Reading SAIF, the Switching Activity Interchange Format, as Verilator writes it: one line a bit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tileloom.sim.rtl.library import RtlError

BIT = re.compile(r"\((\S+?)(?:\\\[(\d+)\\\])? \(T0 \d+\) \(T1 (\d+)\).*\(TC (\d+)\)\)")
OUTER = 2
"""Scopes around the machine's instances: the model, with the ports alone, and the top module."""
RENAMED = "__SYM__"
"""What Verilator puts before names that mean something in C++."""


@dataclass(frozen=True)
class Net:
    """One bit of a net: how often it changed, and how long it was 1, in the file's unit of time."""

    scope: tuple[str, ...]
    """Instance names below the top, empty for the top itself."""
    name: str
    bit: int
    toggles: int
    high: int


@dataclass(frozen=True)
class Activity:
    """A window of a simulation."""

    duration: int
    """In the file's unit of time."""
    nets: dict[tuple[tuple[str, ...], str], tuple[Net, ...]]
    """Bits by scope and name."""

    def toggles(self, scope: tuple[str, ...], name: str) -> int:
        """Changes of all bits of a net; 0 for one that is not there."""
        return sum(net.toggles for net in self.nets.get((scope, name), ()))

    def high(self, scope: tuple[str, ...], name: str) -> list[int]:
        """For each bit of a net, in order, how long it was 1."""
        return [net.high for net in sorted(self.nets.get((scope, name), ()), key=lambda net: net.bit)]


def read_saif(path: Path) -> Activity:
    """Read a file; raises :class:`RtlError` where it is none."""
    try:
        with path.open(encoding="ascii") as file:
            return _read(file, path)
    except (OSError, UnicodeDecodeError) as error:
        raise RtlError(f"activity file {path} cannot be read: {error}") from None


def _read(lines: Iterable[str], path: Path) -> Activity:
    duration, found = 0, dict[tuple[tuple[str, ...], str], list[Net]]()
    for kind, value in _entries(lines):
        if isinstance(value, Net):
            found.setdefault((value.scope, value.name), []).append(value)
        elif kind == "DURATION":
            duration = int(value)
    if not duration or not found:
        raise RtlError(f"activity file {path} has no duration or no nets")
    return Activity(duration, {key: tuple(nets) for key, nets in found.items()})


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, "str | Net"]]:
    """The duration, and every bit with its scope."""
    scope: list[str] = []
    open_: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith("(INSTANCE "):
            scope.append(text.removeprefix("(INSTANCE "))
            open_.append("instance")
        elif text == "(NET":
            open_.append("nets")
        elif text == ")":
            if open_ and open_.pop() == "instance":
                scope.pop()
        elif text.startswith("(DURATION "):
            yield "DURATION", text.removeprefix("(DURATION ").rstrip(")")
        elif len(scope) >= OUTER and (found := BIT.match(text)):
            name = found[1].removeprefix(RENAMED)
            yield "NET", Net(tuple(scope[OUTER:]), name, int(found[2] or 0), int(found[4]), int(found[3]))
