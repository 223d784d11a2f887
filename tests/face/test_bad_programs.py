"""Damaged programs and programs for other targets: one sentence with a code, exit status 1, never a traceback."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import Outcome, tileloom
from tests.face.networks import good, save
from tileloom.hw.spec import isa
from tileloom.hw.spec.program import HEADER, Program, load_program

VERBS = ("check", "simulate", "verify", "disassemble")
OPTIONS = {"verify": ["--engine", "cycle"]}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A small program that is right."""
    folder = tmp_path_factory.mktemp("programs")
    path = save(folder, good())
    assert tileloom("compile", path, "--target", "small", "--output", folder / "net.tlp").status == 0
    return load_program(folder / "net.tlp")


def run(verb: str, path: Path) -> Outcome:
    return tileloom(verb, path, *OPTIONS.get(verb, []))


def refused(outcome: Outcome, code: str, *words: str) -> None:
    assert outcome.status == 1
    (line,) = [line for line in outcome.stderr.splitlines() if not line.endswith("...")]
    assert line.startswith(f"{code} ")
    assert line.endswith(".")
    assert all(word in line for word in words), line
    assert "Traceback" not in outcome.stderr


def damaged(data: bytes) -> dict[str, tuple[bytes, str]]:
    """What is wrong -> the file, and a word that the sentence must have."""
    half, body = len(data) // 2, len(data) - 30
    return {
        "empty": (b"", "magic"),
        "another file": (b"PK" + data[2:], "magic"),
        "another version": (data[:8] + b"\xff" + data[9:], "version"),
        "cut off": (data[:half], "cut off"),
        "header alone": (data[: HEADER.size], "cut off"),
        "a changed byte": (data[:body] + bytes([data[body] ^ 1]) + data[body + 1 :], "checksum"),
        "another hash": (data[:16] + bytes([data[16] ^ 1]) + data[17:], "hash"),
    }


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", damaged(bytes(100)))
def test_damaged_program(program: Program, tmp_path: Path, verb: str, fault: str) -> None:
    path = tmp_path / "net.tlp"
    data, word = damaged(program.to_bytes())[fault]
    path.write_bytes(data)
    refused(run(verb, path), "TL402", "net.tlp", word)
    assert [file.name for file in tmp_path.iterdir()] == ["net.tlp"]


@pytest.mark.parametrize("verb", ["simulate", "verify", "disassemble"])
def test_program_for_another_target(program: Program, tmp_path: Path, verb: str) -> None:
    path = tmp_path / "net.tlp"
    program.save(path)
    refused(tileloom(verb, path, "--target", "default"), "TL404", "small", "default")


def test_compile_does_not_take_a_program(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "net.tlp"
    program.save(path)
    refused(tileloom("compile", path), "TL409", "a tile program")


@pytest.mark.parametrize("verb", ["simulate", "verify"])
def test_program_that_never_ends(program: Program, tmp_path: Path, verb: str) -> None:
    """Its file is whole, but nobody loads the window."""
    path = tmp_path / "net.tlp"
    without = tuple(i for i in program.instructions if not isinstance(i, isa.Load))
    replace(program, instructions=without).save(path)
    outcome = run(verb, path) if verb == "simulate" else tileloom(verb, path, "--engine", "rtl")
    refused(outcome, "TL407" if verb == "simulate" else "TL402", "window")


@pytest.mark.parametrize("verb", ["simulate", "verify"])
def test_program_that_breaks_a_rule(program: Program, tmp_path: Path, verb: str) -> None:
    path = tmp_path / "net.tlp"
    broken = tuple(
        replace(i, window_span=program.target.window_bytes + 1) if isinstance(i, isa.Job) else i
        for i in program.instructions
    )
    replace(program, instructions=broken).save(path)
    refused(run(verb, path), "TL402", "window_span")


def test_random_damage(program: Program, tmp_path: Path) -> None:
    """Seed 20261120; a changed byte must be refused or not matter, in every verb."""
    generator = random.Random(20261120)
    data = program.to_bytes()
    path = tmp_path / "net.tlp"
    for _ in range(60):
        mutant = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            mutant[generator.randrange(len(mutant))] = generator.randrange(256)
        path.write_bytes(mutant)
        outcome = run(generator.choice(VERBS), path)
        assert outcome.status in (0, 1)
        assert (outcome.status == 1) == ("TL4" in outcome.stderr)
