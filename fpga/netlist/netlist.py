"""A synthesised netlist: cells with their settings and single-bit connections, read from Yosys's JSON."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Bit = int | str
"""A net's number, or a constant: ``0``, ``1``, ``x`` or ``z``."""
BITS = re.compile(r"[01xz]+")
QUOTED_BITS = re.compile(r"[01xz]* +")


class NetlistError(ValueError):
    """A netlist that cannot be simulated, in one sentence."""


@dataclass(frozen=True)
class Cell:
    """One cell. A setting is a string of bits (highest first) or, in quotation marks, text."""

    name: str
    kind: str
    settings: Mapping[str, str]
    pins: Mapping[str, tuple[Bit, ...]]
    """Connections, lowest bit first."""


@dataclass(frozen=True)
class Port:
    """A port of the top module, lowest bit first."""

    name: str
    is_input: bool
    bits: tuple[Bit, ...]


@dataclass(frozen=True)
class Netlist:
    """A flat module."""

    name: str
    ports: tuple[Port, ...]
    cells: tuple[Cell, ...]

    def counts(self) -> dict[str, int]:
        """How many cells of each kind, by name."""
        found: dict[str, int] = {}
        for cell in self.cells:
            found[cell.kind] = found.get(cell.kind, 0) + 1
        return dict(sorted(found.items()))

    def nets(self) -> Iterator[int]:
        """Every net's number, again where it is used again."""
        for bits in (*(port.bits for port in self.ports), *(pin for cell in self.cells for pin in cell.pins.values())):
            yield from (bit for bit in bits if isinstance(bit, int))


def read_netlist(text: str, top: str) -> Netlist:
    """The netlist of module ``top`` in the text that Yosys's ``write_json`` wrote.

    >>> cell = {"type": "LUT4", "parameters": {"INIT": "01", "MODE": "1 "}, "connections": {"A": [2], "Z": ["1"]}}
    >>> module = {"ports": {"q": {"direction": "output", "bits": [2]}}, "cells": {"c": cell}}
    >>> found = read_netlist(json.dumps({"modules": {"m": module}}), "m")
    >>> found.counts(), dict(found.cells[0].settings), list(found.nets())
    ({'LUT4': 1}, {'INIT': '01', 'MODE': '"1"'}, [2, 2])
    """
    try:
        module = json.loads(text)["modules"][top]
    except (ValueError, KeyError):
        raise NetlistError(f"the netlist must be Yosys's JSON with a module {top!r}") from None
    ports = tuple(
        Port(name, port["direction"] == "input", tuple(port["bits"])) for name, port in module["ports"].items()
    )
    cells = tuple(
        Cell(
            name,
            cell["type"],
            {setting: _setting(value) for setting, value in cell["parameters"].items()},
            {pin: tuple(bits) for pin, bits in cell["connections"].items()},
        )
        for name, cell in module["cells"].items()
        if cell["type"] != "$scopeinfo"
    )
    return Netlist(top, ports, cells)


def _setting(value: str | int) -> str:
    """Yosys writes bits as they are, text that looks like bits with a space behind it, other text as it is."""
    if isinstance(value, int):
        return f"{value:032b}"
    if BITS.fullmatch(value):
        return value
    return f'"{value[:-1] if QUOTED_BITS.fullmatch(value) else value}"'
