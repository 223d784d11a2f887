"""Every number in the JSON of every verb has its kind: by the types of all documents, and in what commands print."""

import dataclasses
import importlib
import pkgutil
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import pytest

import tileloom.verbs
from tests.face.command import tileloom as command
from tests.face.networks import good, save, unsupported
from tileloom.cli import app
from tileloom.compiler.problems import Problem
from tileloom.document import Document, Failure, Kind, numbers, without_kind

ELSEWHERE = {
    "activity": "types alone: it needs the hardware",
    "build": "types alone: it takes minutes",
    "demo": "tests/face/test_demo.py",
    "run": "types alone: it needs a board",
    "serve": "types alone: it waits for requests",
    "waves": "types alone: it needs the hardware",
}
"""Commands that are not run here, and where their numbers are looked at."""


def documents() -> list[type[Document]]:
    """Every document that a verb returns."""
    for module in pkgutil.iter_modules(tileloom.verbs.__path__):
        importlib.import_module(f"tileloom.verbs.{module.name}")
    found, left = [], [Document]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        found += [kind] if kind.__module__.startswith("tileloom.verbs") else []
    return sorted(found, key=lambda kind: kind.__name__)


def number_paths(annotation: Any, path: str) -> Iterator[str]:
    """Paths of all numbers that a value of a type can hold, in the words of ``Document.kinds``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in (int, float, Any):
        yield path
    elif origin in (Union, types.UnionType):
        for each in arguments:
            yield from number_paths(each, path)
    elif origin in (tuple, list):
        for each in arguments:
            yield from number_paths(each, f"{path}[]") if each is not Ellipsis else ()
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from number_paths(arguments[1], f"{path}.any")
    elif isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and annotation is not Problem:
        hints = get_type_hints(annotation)
        for field in dataclasses.fields(annotation):
            if field.name not in ("problems", "changed_kinds"):
                yield from number_paths(hints[field.name], f"{path}.{field.name}" if path else field.name)


def uncovered(kind: type[Document]) -> list[str]:
    """Paths of numbers for which a document's table has no kind."""
    known = kind.table
    return sorted(
        {
            path
            for path in number_paths(kind, "")
            if not any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in known)
        }
    )


@pytest.mark.parametrize("kind", documents(), ids=lambda kind: kind.__name__)
def test_types_of_documents(kind: type[Document]) -> None:
    assert uncovered(kind) == []
    assert all(isinstance(each, Kind) for each in kind.table.values())


def test_the_walk_over_types_finds_what_is_missing() -> None:
    @dataclasses.dataclass(frozen=True)
    class Part:
        there: int
        missing: dict[str, float | None]

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Planted(Document):
        command: ClassVar[str] = "planted"
        table: ClassVar[Mapping[str, Kind]] = {"parts[].there": Kind.COUNTED, "covered": Kind.COUNTED}
        parts: tuple[Part, ...]
        covered: dict[str, tuple[int, ...]]
        free: Any
        name: str
        is_so: bool

    # Resolved against this function's own names.
    Planted.__annotations__.update(parts=tuple[Part, ...], free=Any, name=str, is_so=bool)
    assert uncovered(Planted) == ["free", "parts[].missing.any"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kinds")
    save(place, good())
    save(place, unsupported(), "bad.onnx")
    assert command("compile", place / "net.onnx", "--target", "small", "--output", place / "net.tlp").status == 0
    return place


COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("{}/net.onnx",),
    "explain": ("TL203",),
    "repro": ("{}/bad.onnx", "--output", "{}/repro.onnx"),
    "targets": (),
    "zoo": (),
    "compile": ("{}/net.onnx", "--target", "small", "--output", "{}/again.tlp"),
    "simulate": ("{}/net.onnx", "--target", "small", "--frames", "2"),
    "verify": ("{}/net.onnx", "--target", "small", "--engine", "cycle"),
    "explore": ("{}/net.onnx", "--budget", "2", "--processes", "1", "--output", "{}/explored"),
    "report": ("{}/net.onnx", "--target", "small", "--output", "{}/page.html", "--want", "cycles<=1"),
    "rtl": ("--target", "small", "--output", "{}/rtl"),
    "bench": ("lenet5", "--target", "mac25"),
    "technologies": (),
    "disassemble": ("{}/net.tlp",),
}


def test_no_command_is_forgotten() -> None:
    named = {each.name or (each.callback.__name__ if each.callback else "") for each in app.registered_commands}
    assert named - set(ELSEWHERE) == set(COMMANDS)


@pytest.mark.parametrize("verb", COMMANDS)
def test_commands(verb: str, folder: Path) -> None:
    outcome = command(verb, *(word.format(folder) for word in COMMANDS[verb]), "--json", "-")
    document = outcome.document
    assert without_kind(document) == []
    assert set(document["kinds"].values()) <= set(Kind)
    if any(True for _ in numbers(document)):
        document["planted"] = 17
        assert without_kind(document) == ["planted"]


def test_a_failed_command() -> None:
    outcome = command("simulate", "no_such_file.onnx", "--json", "-")
    assert outcome.status == 1
    assert without_kind(outcome.document) == []
    assert without_kind(Failure(verb="x").to_json()) == []
