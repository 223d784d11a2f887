"""Registers around ECP5 multipliers move into the multipliers, which have their own and are faster with them.

Yosys maps a product to a bare MULT18X18D and leaves the registers in the fabric; this goes over its netlist afterwards.
A multiplier takes the registers of its operands and of its product where all of them have one clock and no reset, and
nothing else looks at the product before its register; it takes those of all three places or none. The multipliers of a
block share lines for enables, so only those of the commonest pair of enables are changed: those of the MAC array.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MULTIPLIER, REGISTER = "MULT18X18D", "TRELLIS_FF"
OPERAND_BITS, PRODUCT_BITS = 18, 36
PASS = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
"""Which version of the pass this is, for caches."""
Bit = int | str
"""A net's number, or a constant."""


@dataclass(frozen=True)
class Move:
    """What a multiplier would take."""

    multiplier: str
    clock: Bit
    operand_enable: Bit
    product_enable: Bit
    operands: dict[str, str]
    """Register of each operand pin that has one."""
    products: dict[str, str]
    """Register behind each product pin that is used."""


class _Netlist:
    """Cells of a flat module, and who drives and reads each net."""

    def __init__(self, module: dict[str, Any]) -> None:
        self.cells: dict[str, Any] = module["cells"]
        self.readers: dict[Bit, list[tuple[str, str]]] = defaultdict(list)
        self.register_of: dict[Bit, str] = {}
        for name, cell in self.cells.items():
            for pin, bits in cell["connections"].items():
                for bit in bits:
                    if cell["port_directions"][pin] != "output":
                        self.readers[bit].append((name, pin))
                    elif cell["type"] == REGISTER:
                        self.register_of[bit] = name
        for port in module["ports"].values():
            for bit in port["bits"]:
                self.readers[bit].append(("", ""))

    def pin(self, cell: str, pin: str) -> Bit:
        """What is connected; a pin of one bit."""
        found: Bit = (self.cells[cell]["connections"].get(pin) or ["0"])[0]
        return found

    def enable(self, register: str) -> Bit | None:
        """The enable of a plain register: on the rising edge, without reset; None for another."""
        parameters = {key: str(value).strip() for key, value in self.cells[register]["parameters"].items()}
        if parameters.get("CLKMUX", "CLK") != "CLK" or self.pin(register, "LSR") not in ("0", "x"):
            return None
        if parameters.get("REGSET", "RESET") != "RESET" or parameters.get("LSRMUX", "LSR") not in ("LSR", "0"):
            return None
        match parameters.get("CEMUX", "1"):
            case "CE":
                return self.pin(register, "CE")
            case "1":
                return "1"
            case _:
                return None


def absorb(module: dict[str, Any]) -> int:
    """Change a flat module of yosys's JSON; how many multipliers have registers now."""
    netlist = _Netlist(module)
    moves = [
        move
        for name, cell in netlist.cells.items()
        if cell["type"] == MULTIPLIER and (move := _move(netlist, name)) is not None
    ]
    if not moves:
        return 0
    common, _ = Counter((move.clock, move.operand_enable, move.product_enable) for move in moves).most_common(1)[0]
    moves = [move for move in moves if (move.clock, move.operand_enable, move.product_enable) == common]
    candidates = set()
    for move in moves:
        _apply(netlist, move)
        candidates |= set(move.operands.values())
        for register in move.products.values():
            del netlist.cells[register]
    for register in candidates - _read(netlist.cells, {netlist.pin(r, "Q"): r for r in candidates}, module):
        del netlist.cells[register]
    return len(moves)


def _move(netlist: _Netlist, name: str) -> Move | None:
    """What the multiplier can take, if it has registers on all sides."""
    cell = netlist.cells[name]
    if any(value not in ("NONE", "CE0", "RST0") for key, value in cell["parameters"].items() if key.startswith("REG_")):
        return None
    operands: dict[str, str] = {}
    for side in "AB":
        before = len(operands)
        for pin in (f"{side}{n}" for n in range(OPERAND_BITS)):
            bit = netlist.pin(name, pin)
            if bit in ("0", "x"):
                continue
            register = netlist.register_of.get(bit)
            if register is None:
                return None
            operands[pin] = register
        if len(operands) == before:
            return None
    products: dict[str, str] = {}
    for pin in (f"P{n}" for n in range(PRODUCT_BITS)):
        readers = netlist.readers.get(netlist.pin(name, pin), []) if cell["connections"].get(pin) else []
        if not readers:
            continue
        if len(readers) > 1 or readers[0][1] != "DI" or netlist.cells[readers[0][0]]["type"] != REGISTER:
            return None
        products[pin] = readers[0][0]
    enables = [{netlist.enable(register) for register in group.values()} for group in (operands, products)]
    clocks = {netlist.pin(register, "CLK") for register in (*operands.values(), *products.values())}
    if len(clocks) != 1 or any(len(group) != 1 or None in group for group in enables):
        return None
    (clock,), (operand_enable,), (product_enable,) = clocks, *enables
    assert operand_enable is not None
    assert product_enable is not None
    return Move(name, clock, operand_enable, product_enable, operands, products)


def _apply(netlist: _Netlist, move: Move) -> None:
    cell = netlist.cells[move.multiplier]
    for place, enable in (("INPUTA", "CE0"), ("INPUTB", "CE0"), ("OUTPUT", "CE1")):
        cell["parameters"] |= {f"REG_{place}_CLK": "CLK0", f"REG_{place}_CE": enable, f"REG_{place}_RST": "RST0"}
    pins = {"CLK0": move.clock, "CE0": move.operand_enable, "CE1": move.product_enable, "RST0": "0"}
    for pin, register in move.operands.items():
        pins[pin] = netlist.pin(register, "DI")
    for pin, register in move.products.items():
        pins[pin] = netlist.pin(register, "Q")
    for pin, bit in pins.items():
        cell["connections"][pin] = [bit]
        cell["port_directions"].setdefault(pin, "input")


def _read(cells: dict[str, Any], registers: dict[Bit, str], module: dict[str, Any]) -> set[str]:
    """Those registers that something reads."""

    def found(bits: Iterable[Bit]) -> set[str]:
        return {registers[bit] for bit in bits if bit in registers}

    read: set[str] = set()
    for port in module["ports"].values():
        read |= found(port["bits"])
    for cell in cells.values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] != "output":
                read |= found(bits)
    return read


def absorb_file(path: Path, top: str) -> int:
    """The same for a file that yosys's ``write_json`` made, in place."""
    document = json.loads(path.read_text(encoding="utf-8"))
    moved = absorb(document["modules"][top])
    if moved:
        path.write_text(json.dumps(document), encoding="utf-8")
    return moved
