"""What every verb returns: a dataclass with a JSON form whose names other programs rely on.

A number never stands alone: ``kinds`` tells for each field how it was got. A field is named by its path, with ``[]``
for the items of a list (``layers[].cycles``); the kind of a path holds for everything below it
(``layers[].stall_cycles`` for each of its causes).
"""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from tileloom.compiler.problems import Problem
from tileloom.tables import Table

Json = Any
"""Numbers, strings, booleans, None, and lists and dictionaries of them."""


class Kind(StrEnum):
    """How a number was got."""

    ESTIMATED = "estimated"
    """By a model that is not exact, such as energy."""
    SIMULATED = "simulated"
    """By an exact simulator or by the integer reference."""
    RTL = "RTL"
    """By the hardware description itself, in Verilator."""
    NETLIST = "netlist"
    """By the synthesised netlist with models of its cells, in Verilator."""
    PLACED = "placed and routed"
    """By the tools that make the bitstream."""
    MEASURED = "measured"
    """On a board, or with a clock in the hand."""
    COUNTED = "counted"
    """From the network, program or target by counting; the same on every machine."""
    GIVEN = "given"
    """Taken over from the user or the target."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """Result of one verb; fields become JSON of the same names.

    ``kinds`` starts with the verb's table and may be changed by who builds the document. ``problems`` is what the user
    should know or repair; a document with problems is that of a failed command unless the verb says otherwise.
    """

    command: ClassVar[str]
    table: ClassVar[Mapping[str, Kind]] = {}
    """Kind of each field that can hold a number."""

    problems: tuple[Problem, ...] = ()
    changed_kinds: Mapping[str, Kind] = dataclasses.field(default_factory=dict)
    """Kinds that differ from the table in this document."""

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kind of each field."""
        return {**self.table, **self.changed_kinds}

    def to_json(self) -> dict[str, Json]:
        """The JSON form: ``schema``, ``version``, ``command``, the fields, ``kinds``, ``problems``."""
        fields = {
            field.name: plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name not in ("problems", "changed_kinds")
        }
        return {
            "schema": f"tileloom.{self.command}.1",
            "version": version(),
            "command": self.command,
            **fields,
            "kinds": {path: str(kind) for path, kind in self.kinds.items()},
            "problems": [plain(problem) for problem in self.problems],
        }

    def tables(self) -> list[Table]:
        """The same for the eye."""
        return []

    def _repr_html_(self) -> str:
        """The tables, for notebooks."""
        from tileloom.hw.spec.notebook import table

        problems = [str(problem) for problem in self.problems]
        told = table("", (), (), "\n".join(problems)) if problems else ""
        return told + "".join(table(each.title, each.columns, each.rows, each.note) for each in self.tables())

    def to_text(self) -> str:
        """The JSON form as text, with a newline at its end."""
        return json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n"


@dataclass(frozen=True, kw_only=True)
class Failure(Document):
    """What a failed command writes to ``--json``: nothing but its name and the problems."""

    command: ClassVar[str] = ""
    verb: str

    def to_json(self) -> dict[str, Json]:
        """As other documents, under the verb's own name."""
        document = super().to_json()
        verb = document.pop("verb")
        return {**document, "schema": f"tileloom.{verb}.1", "command": verb}


def version() -> str:
    """The installed version of tileloom."""
    try:
        return metadata.version("tileloom")
    except metadata.PackageNotFoundError:
        return "0 (not installed)"


def plain(value: Any) -> Json:
    """JSON form of a value: dataclasses become dictionaries, arrays lists, infinities and NaN None.

    >>> plain({"a": (1, float("inf")), Kind.RTL: None})
    {'a': [1, None], 'RTL': None}
    """
    if isinstance(value, Document):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (StrEnum, Path)):
        return str(value)
    return value


def numbers(value: Json, path: str = "") -> Iterator[str]:
    """Paths of all numbers in a JSON value.

    >>> sorted(set(numbers({"a": 1, "b": [{"c": 2.0}, {"c": 3}], "d": True, "e": "5"})))
    ['a', 'b[].c']
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, f"{path}[]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def without_kind(document: dict[str, Json]) -> list[str]:
    """Paths of the numbers of a document that have no kind; ``[]`` for a document as it must be."""
    kinds: dict[str, str] = document["kinds"]
    return sorted({path for path in numbers(document) if not any(_covers(known, path) for known in kinds)})


def _covers(known: str, path: str) -> bool:
    return path == known or path.startswith((f"{known}.", f"{known}["))
