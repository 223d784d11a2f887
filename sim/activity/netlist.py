"""What stands in the generated Verilog: registers, memories and arithmetic of every module, and who instantiates whom.

It reads the Verilog that this project writes (``hw/verilog.py``), not the language: one declaration, assignment or
instance after another, each beginning on its own line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MEMORY_MODULE = "tileloom_memory"
NAME = r"(?:\\\S+|\w+)"
MODULE = re.compile(rf"^module ({NAME})", re.MULTILINE)
REGISTER = re.compile(rf"^\s*(?:output )?reg (?:signed )?(?:\[(\d+):(\d+)\] )?({NAME})\s*(?:=[^;]*)?;", re.MULTILINE)
WIRE = re.compile(
    rf"^\s*(?:output |input )?(?:wire|reg) (?:signed )?\[(\d+):(\d+)\] ({NAME})\s*(?:=[^;]*)?;", re.MULTILINE
)
ASSIGN = re.compile(rf"^\s*assign ({NAME})\s*(?:\[[^\]]*\])? = ([^;]*);", re.MULTILINE)
INSTANCE = re.compile(rf"^  ({NAME}) +(?:#\(([^;]*?)\n  \) )?({NAME}) +\(([^;]*)\);", re.MULTILINE)
ALWAYS = ".read_enable(1'h1)"
PARAMETER = re.compile(r"\.(\w+)\(32'[sd]*(\d+)\)|\.(\w+)\((\d+)\)")
OPERAND = rf"(?:\$(?:un)?signed\()?(?:{NAME}\s*(?:\[[^\]]*\])?|\{{[^}}]*\}}|\d+'\S+?)\)?"
BINARY = re.compile(rf"^({OPERAND}) ([*+-]) ({OPERAND})$")


@dataclass(frozen=True)
class Operator:
    """An addition, subtraction (both ``+``) or multiplication, named after the net that holds its result."""

    kind: str
    net: str
    bits: int
    operand_bits: tuple[int, int]


@dataclass(frozen=True)
class MemoryBlock:
    """A memory: words, bits of a word, bits of a word that one write enable covers.

    ``always_reads`` where its read enable is tied to 1.
    """

    depth: int
    width: int
    grain: int
    always_reads: bool = False


@dataclass
class VerilogModule:
    """What one module holds itself, without its instances."""

    registers: dict[str, int] = field(default_factory=dict)
    """Bits by name."""
    operators: list[Operator] = field(default_factory=list)
    memories: dict[str, MemoryBlock] = field(default_factory=dict)
    """By instance name."""
    instances: dict[str, str] = field(default_factory=dict)
    """Module by instance name, memories left out."""


@dataclass(frozen=True)
class Netlist:
    """All modules of a machine by name; ``top`` is the outermost."""

    modules: dict[str, VerilogModule]
    top: str

    def walk(
        self, module: str | None = None, path: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], VerilogModule]]:
        """Every instance with its path of instance names below the top (whose own path is empty)."""
        found = self.modules[module or self.top]
        yield path, found
        for name, kind in found.instances.items():
            yield from self.walk(kind, (*path, name))

    def register_bits(self) -> int:
        """Flip-flops of the whole machine; the read registers of its memories are not among them."""
        return sum(sum(module.registers.values()) for _, module in self.walk())


def read_netlist(verilog: str, top: str = "tileloom") -> Netlist:
    """Read the Verilog of a machine; ``ValueError`` where the top is not there."""
    parts = MODULE.split(verilog)
    modules = {plain(parts[i]): _module(parts[i + 1]) for i in range(1, len(parts), 2)}
    modules.pop(MEMORY_MODULE, None)
    if top not in modules:
        raise ValueError(f"the Verilog has no module {top}")
    for module in modules.values():
        module.instances = {name: kind for name, kind in module.instances.items() if kind in modules}
    return Netlist(modules, top)


def plain(name: str) -> str:
    """A name without Verilog's escape.

    >>> plain("\\\\sums[0] ")
    'sums[0]'
    """
    return name.strip().removeprefix("\\")


def _module(text: str) -> VerilogModule:
    widths = {plain(name): int(high) - int(low) + 1 for high, low, name in WIRE.findall(text)}
    module = VerilogModule()
    for high, low, name in REGISTER.findall(text):
        module.registers[plain(name)] = int(high) - int(low) + 1 if high else 1
    for net, expression in ASSIGN.findall(text):
        found = BINARY.match(expression.strip())
        if found:
            kind = "*" if found[2] == "*" else "+"
            bits, first, second = widths.get(plain(net), 1), _width(found[1], widths), _width(found[3], widths)
            if kind == "*":  # of a concatenation, what the other operand leaves of the result
                first, second = first or max(bits - second, 1), second or max(bits - first, 1)
            module.operators.append(Operator(kind, plain(net), bits, (first, second)))
    for kind, parameters, name, connections in INSTANCE.findall(text):
        if plain(kind) == MEMORY_MODULE:
            sizes_of = {a or c: int(b or d) for a, b, c, d in PARAMETER.findall(parameters)}
            module.memories[plain(name)] = MemoryBlock(
                sizes_of["DEPTH"], sizes_of["WIDTH"], sizes_of["GRAIN"], ALWAYS in connections
            )
        else:
            module.instances[plain(name)] = plain(kind)
    return module


def _width(operand: str, widths: dict[str, int]) -> int:
    """Bits of an operand; 0 of a concatenation, which does not say."""
    text = re.sub(r"^\$(?:un)?signed\((.*)\)$", r"\1", operand.strip())
    if text.startswith("{"):
        return 0
    slice_ = re.search(r"\[(\d+):(\d+)\]\s*$", text)
    if (slice_ and " [" in text) or (slice_ and not text.startswith("\\")):
        return int(slice_[1]) - int(slice_[2]) + 1
    constant = re.match(r"(\d+)'", text)
    return int(constant[1]) if constant else widths.get(plain(text), 1)
