"""Points that are known already: a file of lines that grows as points are made, so that nothing is done twice."""

import hashlib
import json
import os
import pickle
from functools import cache
from pathlib import Path
from typing import Any

from tileloom.document import version
from tileloom.explore.point import Point, from_line


class Store:
    """Points of one network on one technology, by target hash and clock, in a file of the user's cache.

    The file's name is a hash of the network's integer graph, of the technology, and of tileloom's version and of what
    points are made with, so that another network, or a changed compiler, begins anew.
    """

    def __init__(self, folder: Path, graph: Any, technology: Any = None) -> None:
        self.path = folder / f"{_hash(graph, technology)}.jsonl"
        self._points: dict[str, Point] = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    point = from_line(line)
                except ValueError:  # the last line of a process that was killed
                    continue
                self._points[_key(point.target)] = point

    def get(self, target: dict[str, Any]) -> Point | None:
        """The point of a target, if it is known."""
        return self._points.get(_key(target))

    def add(self, point: Point) -> None:
        """Keep a point: one write of a whole line, at the file's end."""
        self._points[_key(point.target)] = point
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, point.to_line().encode())
        finally:
            os.close(handle)


def _key(target: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in target.items() if name != "name"}, sort_keys=True)


def _hash(graph: Any, technology: Any) -> str:
    """Identity of an integer graph, a technology, and the code that makes and times programs."""
    return hashlib.sha256(pickle.dumps((graph, technology)) + _code_hash()).hexdigest()[:32]


@cache
def _code_hash() -> bytes:
    """Of the code that this process runs; a change of the files while it does is none of its business."""
    digest = hashlib.sha256(version().encode())
    package = Path(__file__).parents[1]
    paths = [
        path for room in ("compiler", "sim/cycle", "sim/energy", "hw/spec") for path in (package / room).rglob("*")
    ]
    paths += [
        *(package / "explore").glob("*.py"),
        *(package / "fpga").glob("area_model*/*"),
        *(package / "fpga").glob("*.py"),
    ]
    for path in sorted(path for path in paths if path.suffix in (".py", ".toml")):
        digest.update(path.read_bytes())
    return digest.digest()
