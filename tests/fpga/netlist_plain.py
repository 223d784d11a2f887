"""What each cell does, in plain Python: called with a cycle's inputs, it gives the outputs and passes the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

Pins = dict[str, int]
Plain = Callable[[Pins], Pins]
"""Called once a cycle, with the inputs; the outputs are those before the clock edge."""


def bits(pins: Pins, name: str, count: int) -> int:
    """The number at single pins ``name0``, ``name1``, ..."""
    return sum(pins[f"{name}{place}"] << place for place in range(count))


def spread(name: str, count: int, value: int) -> Pins:
    """A number as single pins."""
    return {f"{name}{place}": value >> place & 1 for place in range(count)}


def table(init: int, names: str, output: str) -> Plain:
    """A table of four inputs; ``names`` from the lowest address bit."""
    pins = names.split()
    return lambda given: {output: init >> sum(given[name] << place for place, name in enumerate(pins)) & 1}


def adder_of_two_bits(given: Pins) -> Pins:
    """CCU2C as synthesis sets it for additions: D = 1, C = 0, table 0x96AA: A + B + CIN, a bit in each half."""
    total = given["A0"] + 2 * given["A1"] + given["B0"] + 2 * given["B1"] + given["CIN"]
    return {"S0": total & 1, "S1": total >> 1 & 1, "COUT": total >> 2}


@dataclass
class Register:
    """A register; ``reset`` says what happens at the clock: (whether it acts, what it gives), from the inputs."""

    enable: Callable[[Pins], bool]
    reset: Callable[[Pins], int | None]
    data: str
    value: int = 0

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        before, forced = self.value, self.reset(given)
        if forced is not None:
            self.value = forced
        elif self.enable(given):
            self.value = given[self.data]
        return {"Q": before}


@dataclass
class TableRam:
    """TRELLIS_DPR16X4."""

    words: dict[int, int] = field(default_factory=dict)

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        out = self.words.get(given["RAD"], 0)
        if given["WRE"]:
            self.words[given["WAD"]] = given["DI"]
        return {"DO": out}


def signed(value: int, width: int, is_signed: int | bool) -> int:
    """A number of ``width`` bits as what it stands for."""
    return value - (1 << width) if is_signed and value >> width - 1 else value


@dataclass
class Multiplier:
    """MULT18X18D; registers of operands, pipeline and output by ``stages``, with clock enable CE1 and reset RST2."""

    stages: tuple[bool, bool, bool]
    operands: tuple[int, int] = (0, 0)
    held: list[int] = field(default_factory=lambda: [0, 0])

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        now = tuple(signed(bits(given, name, 18), 18, given[f"SIGNED{name}"]) for name in "AB")
        one, other = self.operands if self.stages[0] else now
        product = one * other
        piped = self.held[0] if self.stages[1] else product
        out = self.held[1] if self.stages[2] else piped
        if given["RST2"]:
            self.operands, self.held = (0, 0), [0, 0]
        elif given["CE1"]:
            self.operands, self.held = (now[0], now[1]), [product, piped]
        return spread("P", 36, out)


@dataclass
class BlockRam:
    """DP16KD as a plain array of bits; a bit that is read by one port while the other writes it is complemented."""

    widths: tuple[int, int]
    mode: str = "NORMAL"
    registered: bool = False
    cells: list[int] = field(default_factory=lambda: [0] * (1 << 14) * 2)
    latches: list[int] = field(default_factory=lambda: [0, 0])
    outputs: list[int] = field(default_factory=lambda: [0, 0])

    def place(self, address: int, width: int, bit: int) -> int:
        """Where bit of a word stands: words of 1, 2 and 4 bits lie in bytes of nine."""
        word = address >> {1: 0, 2: 1, 4: 2, 9: 3, 18: 4, 36: 5}[width]
        if width >= 9:
            return word * width + bit
        within = word * width + bit
        return within // 8 * 9 + within % 8

    def writes(self, given: Pins, port: int) -> dict[int, int]:
        """Bits that a port writes in this cycle: place and value."""
        name, width = "AB"[port], self.widths[port]
        address = bits(given, f"AD{name}", 14)
        if not given[f"CE{name}"] or not given[f"WE{name}"] or given[f"RST{name}"]:
            return {}
        data = bits(given, f"DI{name}", 18)
        if width == 36:
            data = bits(given, "DIA", 18) | bits(given, "DIB", 18) << 18
        wanted = [bit for bit in range(width) if width < 18 or address >> bit // 9 & 1]
        return {self.place(address, width, bit): data >> bit & 1 for bit in wanted}

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        shown = self.outputs if self.registered else self.latches
        if self.widths[1] == 36:
            out = {**spread("DOA", 18, shown[1]), **spread("DOB", 18, shown[1] >> 18)}
        else:
            out = {**spread("DOA", 18, shown[0]), **spread("DOB", 18, shown[1])}
        written = [self.writes(given, port) for port in range(2)]
        latches, outputs = list(self.latches), list(self.outputs)
        for port, name in enumerate("AB"):
            outputs[port] = 0 if given[f"RST{name}"] else latches[port] if given[f"OCE{name}"] else outputs[port]
        for port, name in enumerate("AB"):
            if given[f"RST{name}"]:
                latches[port] = 0
            elif given[f"CE{name}"] and not (given[f"WE{name}"] and self.mode == "NORMAL"):
                latches[port] = self.read(given, port, written)
        self.latches, self.outputs = latches, outputs
        for port in range(2):  # where both write, the second one stays
            for place, value in written[port].items():
                self.cells[place] = value
        return out

    def read(self, given: Pins, port: int, written: list[dict[int, int]]) -> int:
        """What a port reads at this clock edge."""
        address, width, value = bits(given, f"AD{'AB'[port]}", 14), self.widths[port], 0
        for bit in range(width):
            place = self.place(address, width, bit)
            content = self.cells[place] ^ (place in written[1 - port])
            if self.mode == "WRITETHROUGH" and place in written[port]:
                content = written[port][place]
            value |= content << bit
        return value


@dataclass
class SmallRam:
    """SB_RAM40_4K: ports of 16, 8, 4 or 2 bits; reading what is written at the same time gives the complement."""

    write_mode: int
    read_mode: int
    cells: list[int] = field(default_factory=lambda: [0] * 4096)
    output: int = 0

    @staticmethod
    def words(mode: int, address: int) -> list[tuple[int, int]]:
        """Pins of a port in a mode, each with the place of its bit."""
        group = 1 << mode
        pin, which = (group // 2 - 1 if mode else 0), (address >> 8) % group
        return [(first + pin, 16 * (address & 255) + first + which) for first in range(0, 16, group)]

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        before, written = self.output, {}
        if given["WCLKE"] and given["WE"]:
            for pin, place in self.words(self.write_mode, given["WADDR"]):
                if self.write_mode or not given["MASK"] >> pin & 1:
                    written[place] = given["WDATA"] >> pin & 1
        if given["RCLKE"] and given["RE"]:
            read = self.words(self.read_mode, given["RADDR"])
            self.output = sum((self.cells[place] ^ (place in written)) << pin for pin, place in read)
        for place, value in written.items():
            self.cells[place] = value
        return {"RDATA": before}


@dataclass
class LargeRam:
    """SB_SPRAM256KA; after a write it gives the complement of what was written."""

    words: dict[int, int] = field(default_factory=dict)
    output: int = 0

    def __call__(self, given: Pins) -> Pins:
        """One cycle."""
        before, word = self.output, self.words.get(given["ADDRESS"], 0)
        if given["CHIPSELECT"] and given["WREN"]:
            mask = sum(15 << 4 * place for place in range(4) if given["MASKWREN"] >> place & 1)
            self.words[given["ADDRESS"]] = word & ~mask | given["DATAIN"] & mask
            self.output = given["DATAIN"] ^ 0xFFFF
        elif given["CHIPSELECT"]:
            self.output = word
        return {"DATAOUT": before}


@dataclass
class SmallMultiplier:
    """SB_MAC16: ``select`` of both halves, with registers of the operands or between the products, adding {C, D}."""

    signs: tuple[bool, bool]
    operands_held: bool
    pipelined: tuple[bool, bool]
    adds: bool
    select: int
    held: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("A", "B", "upper", "lower", "product", "sum"), 0)
    )

    def __call__(self, given: Pins) -> Pins:
        """One cycle; resets act at once."""
        held = self.held
        if given["IRSTTOP"]:
            held["A"] = held["upper"] = 0
        if given["IRSTBOT"]:
            held["B"] = held["lower"] = held["product"] = 0
        if given["ORSTTOP"]:
            held["sum"] &= 0xFFFF
        if given["ORSTBOT"]:
            held["sum"] &= 0xFFFF0000
        operands = [held[name] if self.operands_held else given[name] for name in "AB"]
        one, other = (signed(value, 16, sign) for value, sign in zip(operands, self.signs, strict=True))
        lower = one * (operands[1] & 0xFF)
        upper = one * other - lower
        joined = (held["upper"] + held["lower"] if self.pipelined[0] else one * other) & 0xFFFFFFFF
        product = held["product"] if self.pipelined[1] else joined
        added = given["C"] << 16 | given["D"] if self.adds else held["sum"]
        total = product + added & 0xFFFFFFFF
        out = {0: total, 1: held["sum"], 3: product}[self.select]
        if given["CE"]:
            self._clock(given, (upper, lower, joined), total)
        return {"O": out}

    def _clock(self, given: Pins, products: tuple[int, int, int], total: int) -> None:
        held = self.held
        if not given["IRSTTOP"]:
            held["A"] = held["A"] if given["AHOLD"] else given["A"]
            held["upper"] = products[0]
        if not given["IRSTBOT"]:
            held["B"] = held["B"] if given["BHOLD"] else given["B"]
            held["lower"], held["product"] = products[1:]
        top = held["sum"] if given["OHOLDTOP"] else total
        bottom = held["sum"] if given["OHOLDBOT"] else total
        top, bottom = (0 if given["ORSTTOP"] else top), (0 if given["ORSTBOT"] else bottom)
        held["sum"] = top & 0xFFFF0000 | bottom & 0xFFFF
