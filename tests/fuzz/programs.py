"""Corrupted programs: fields of instructions, words, weights and the map are changed, and the checksums made right."""

import dataclasses
import json
import random
import struct
import zlib
from typing import Any

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import HEADER, MAGIC, SECTION, SECTIONS, Program


def corrupted(program: Program, source: random.Random) -> bytes:
    """A program file whose sections are whole, with one to three changes inside."""
    words = list(program.words)
    mapping = _mapping(program)
    weights = bytearray(program.weights)
    for _ in range(source.choice((1, 1, 2, 3))):
        match source.randrange(8):
            case 0 | 1 | 2 | 3 | 4 | 5:
                words = _changed(words, source)
            case 6:
                _change_map(mapping, source)
            case _:
                if weights:
                    weights[source.randrange(len(weights))] = source.randrange(256)
    return _file(program, words, bytes(weights), mapping)


def changed_words(words: list[int], source: random.Random) -> list[int]:
    """Words of instructions with one to three changes."""
    for _ in range(source.choice((1, 1, 2, 3))):
        words = _changed(words, source)
    return words


def _changed(words: list[int], source: random.Random) -> list[int]:
    """Another value in a field, mostly; else a bit turned over, or some words left out or repeated."""
    match source.randrange(6):
        case 0 if words:
            place = source.randrange(len(words))
            words = [*words[:place], words[place] ^ (1 << source.randrange(32)), *words[place + 1 :]]
        case 1 if words:
            first, length = source.randrange(len(words)), source.randint(1, 40)
            cut = words[:first] + words[first + length :]
            words = cut if source.random() < 0.5 else words[: first + length] + words[first:]
        case _:
            words = _changed_field(words, source)
    return words


def _changed_field(words: list[int], source: random.Random) -> list[int]:
    """Another value in a field of an instruction that is whole; as it is where none is."""
    try:
        instructions = list(isa.decode_all(words))
    except isa.EncodingError:
        return words
    index = source.randrange(len(instructions))
    instruction = instructions[index]
    names = [entry.name for entry in dataclasses.fields(instruction)]
    name = source.choice(names)
    value = getattr(instruction, name)
    if not isinstance(value, int):
        return words
    new = source.choice(
        (0, 1, value + 1, value - 1, value * 2, value ^ (1 << source.randrange(20)), source.randrange(1 << 16))
    )
    try:
        changed = dataclasses.replace(instruction, **{name: type(value)(new)})  # type: ignore[arg-type]
        instructions[index] = changed
        return [word for each in instructions for word in isa.encode(each)]
    except (ValueError, TypeError):  # out of the field's range
        return words


def _mapping(program: Program) -> dict[str, Any]:
    """The map section, as the file has it."""
    data = program.to_bytes()
    _, offset, length, _ = SECTION.unpack_from(data, HEADER.size + SECTION.size * SECTIONS.index("map"))
    found: dict[str, Any] = json.loads(data[offset : offset + length])
    return found


def _change_map(mapping: dict[str, Any], source: random.Random) -> None:
    """Another value anywhere in the map but in the target's description."""
    here: Any = {key: value for key, value in mapping.items() if key != "target"}
    path: list[Any] = []
    while isinstance(here, dict | list) and here:
        key = source.choice(sorted(here)) if isinstance(here, dict) else source.randrange(len(here))
        path.append(key)
        here = here[key]
    if not path:
        return
    holder: Any = mapping
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    choices: tuple[Any, ...] = (
        None,
        -1,
        0,
        1 << 40,
        "",
        [],
        1.5,
        value * 2 if isinstance(value, int | str) else value,
        True,
    )
    holder[path[-1]] = source.choice(choices)


def _file(program: Program, words: list[int], weights: bytes, mapping: dict[str, Any]) -> bytes:
    bodies = (struct.pack(f"<{len(words)}I", *words), weights, json.dumps(mapping).encode())
    offset = HEADER.size + SECTION.size * len(SECTIONS)
    table = b""
    for name, body in zip(SECTIONS, bodies, strict=True):
        table += SECTION.pack(name.encode(), offset, len(body), zlib.crc32(body))
        offset += len(body)
    return HEADER.pack(MAGIC, isa.FORMAT_VERSION, len(SECTIONS), program.target.hash) + table + b"".join(bodies)
