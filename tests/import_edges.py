"""Which room may import which, and the imports that a Python file of a room makes."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

ROOMS: dict[str, tuple[str, ...]] = {
    "hw/spec": (),
    "hw": ("hw/spec",),
    "sim": ("hw/spec",),
    "compiler": ("hw/spec", "sim/cycle"),
    "models": (),
    "fpga": ("hw", "hw/spec", "sim"),
    "tileloom": ("hw", "hw/spec", "sim", "compiler", "models", "fpga"),
}
"""What of the project each room may import, besides itself. ``sim/cycle`` is the cycle simulator's cost alone."""

SPEC_PACKAGES = frozenset({"numpy"})
"""Packages that ``hw/spec`` may import, besides Python's own."""


@dataclass(frozen=True)
class Import:
    """One import statement's target, as the dotted name of a module or of a name in it."""

    file: str
    line: int
    target: str


def room_of(path: str) -> str:
    """The room of a path relative to the repository, or of a module's path inside the package: the longest that fits.

    >>> room_of("hw/spec/isa.py"), room_of("hw/grid.py"), room_of("tileloom/cli.py")
    ('hw/spec', 'hw', 'tileloom')
    """
    fitting = [room for room in ROOMS if f"{path}/".startswith(f"{room}/")]
    return max(fitting, key=len, default="tileloom")


def files() -> list[Path]:
    """Every Python file of the rooms; each once, although the rooms are also linked into the package."""
    tops = sorted({room.split("/")[0] for room in ROOMS})
    found = []
    for top in tops:
        for path in (ROOT / top).rglob("*.py"):
            parents = [ROOT.joinpath(*path.relative_to(ROOT).parts[:depth]) for depth in range(1, 3)]
            if not any(parent.is_symlink() for parent in parents):
                found.append(path)
    return sorted(found)


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, wherever it stands; ``from a import b`` counts as ``a.b``, relative with its dots."""
    relative = path.relative_to(ROOT).as_posix()
    return statements(path.read_text(encoding="utf-8"), relative)


def statements(text: str, file: str) -> Iterator[Import]:
    """Every import of a file's text.

    >>> [found.target for found in statements("import a.b\\nfrom c import d", "x.py")]
    ['a.b', 'c.d']
    """
    for node in ast.walk(ast.parse(text, file)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield Import(file, node.lineno, f"{'.' * node.level}{node.module or ''}.{name.name}")


def fault(found: Import) -> str | None:
    """Why an import is not allowed, in one sentence, or None.

    >>> fault(Import("hw/grid.py", 3, "tileloom.sim.functional.run"))
    'hw/grid.py:3 imports tileloom.sim.functional.run: hw may import of the project hw/spec only.'
    """
    place = f"{found.file}:{found.line} imports {found.target}"
    package, _, rest = found.target.partition(".")
    if found.target.startswith("."):
        return f"{place}: imports are absolute."
    if package in {"compiler", "fpga", "hw", "models", "sim"}:
        return f"{place}: a room is imported as tileloom.{package}."
    room = room_of(found.file)
    if package != "tileloom":
        return _foreign_fault(place, room, package)
    target = rest.replace(".", "/")
    if room_of(target) == room:
        return None
    if any(_lies_in(target, allowed) for allowed in ROOMS[room]):
        return None
    return f"{place}: {room} may import of the project {', '.join(ROOMS[room]) or 'nothing'} only."


def _lies_in(target: str, allowed: str) -> bool:
    """Whether a module's path is that of an allowed room or, within a room, begins with the allowed module's."""
    if allowed in ROOMS:
        return room_of(target) == allowed
    return target.startswith(allowed)


def _foreign_fault(place: str, room: str, package: str) -> str | None:
    if room == "hw/spec" and package not in SPEC_PACKAGES | sys.stdlib_module_names:
        return f"{place}: hw/spec may import {', '.join(SPEC_PACKAGES)} and Python's own packages only."
    if room in {"compiler", "sim"} and package.startswith("amaranth"):
        return f"{place}: {room} works without Amaranth."
    return None
