"""Which cells can be simulated, in which of their modes; the models themselves are the Verilog files in ``cells``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tileloom.fpga.netlist.netlist import Bit, Cell, NetlistError

FOLDER = Path(__file__).with_name("cells")
ANY: tuple[str, ...] = ()
"""Every value of a setting is modelled."""
ZERO = "0"


@dataclass(frozen=True)
class CellModel:
    """A modelled cell. A setting or pin that is not named here is refused."""

    file: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    """Inputs, those of :attr:`idle` and :attr:`fixed` not among them."""
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Settings that the model takes: the values that it has, :data:`ANY` for all."""
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Settings that the model does not take: the values at which they mean nothing."""
    idle: Mapping[str, str] = field(default_factory=dict)
    """Inputs that may be left open: the constant that the device then gives them."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Inputs that the model does not take: the constant that they must have."""
    clocks: tuple[str, ...] = ()
    """Those of the inputs that are clocks; a netlist has one."""
    silent: tuple[str, ...] = ()
    """Outputs that the model lacks; nothing may hang on them."""


def _text(*values: str) -> tuple[str, ...]:
    return tuple(f'"{value}"' for value in values)


def _pins(*groups: tuple[str, int]) -> tuple[str, ...]:
    """Names of numbered pins.

    >>> _pins(("A", 2), ("P", 1))
    ('A0', 'A1', 'P0')
    """
    return tuple(f"{name}{number}" for name, count in groups for number in range(count))


def _dff(*inputs: str) -> CellModel:
    return CellModel("SB_DFF.v", ("Q",), ("C", "D", *inputs), clocks=("C",))


_CLOCKS = ("NONE", "CLK0", "CLK1", "CLK2", "CLK3")
_REGISTER_SETTINGS = {
    f"REG_{place}_{what}": _text(*values)
    for place in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
    for what, values in (
        ("CLK", _CLOCKS),
        ("CE", ("CE0", "CE1", "CE2", "CE3")),
        ("RST", ("RST0", "RST1", "RST2", "RST3")),
    )
}
_WIDTHS = tuple(f"{width:032b}" for width in (1, 2, 4, 9, 18, 36))
_BLOCK_RAM_SETTINGS = {
    f"{name}_{port}": values
    for port in "AB"
    for name, values in (
        ("DATA_WIDTH", _WIDTHS),
        ("REGMODE", _text("NOREG", "OUTREG")),
        ("WRITEMODE", _text("NORMAL", "WRITETHROUGH", "READBEFOREWRITE")),
    )
}

MODELS: Mapping[str, CellModel] = {
    "LUT4": CellModel("LUT4.v", ("Z",), ("A", "B", "C", "D"), {"INIT": ANY}),
    "PFUMX": CellModel("PFUMX.v", ("Z",), ("ALUT", "BLUT", "C0")),
    "L6MUX21": CellModel("L6MUX21.v", ("Z",), ("D0", "D1", "SD")),
    "CCU2C": CellModel(
        "CCU2C.v",
        ("S0", "S1", "COUT"),
        ("CIN", "A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1"),
        {"INIT0": ANY, "INIT1": ANY, "INJECT1_0": _text("YES", "NO"), "INJECT1_1": _text("YES", "NO")},
    ),
    "TRELLIS_FF": CellModel(
        "TRELLIS_FF.v",
        ("Q",),
        ("CLK", "DI"),
        {
            "CEMUX": _text("1", "CE", "INV"),
            "CLKMUX": _text("CLK"),
            "LSRMUX": _text("LSR", "INV"),
            "REGSET": _text("RESET", "SET"),
            "SRMODE": _text("LSR_OVER_CE"),
            "GSR": _text("AUTO", "DISABLED", "ENABLED"),
        },
        idle={"LSR": "0", "CE": "1"},
        clocks=("CLK",),
    ),
    "TRELLIS_DPR16X4": CellModel(
        "TRELLIS_DPR16X4.v",
        ("DO",),
        ("DI", "WAD", "RAD", "WRE", "WCK"),
        {"WCKMUX": _text("WCK"), "WREMUX": _text("WRE", "INV"), "INITVAL": ANY},
        clocks=("WCK",),
    ),
    "MULT18X18D": CellModel(
        "MULT18X18D.v",
        _pins(("P", 36)),
        (*_pins(("A", 18), ("B", 18)), "SIGNEDA", "SIGNEDB"),
        _REGISTER_SETTINGS,
        {
            **{f"CLK{number}_DIV": _text("ENABLED", "DISABLED") for number in range(4)},
            **{f"REG_INPUTC_{what}": _text("NONE", "CE0", "RST0") for what in ("CLK", "CE", "RST")},
            "HIGHSPEED_CLK": _text("NONE"),
            "GSR": _text("ENABLED", "DISABLED", "AUTO"),
            "CAS_MATCH_REG": _text("FALSE"),
            "SOURCEB_MODE": _text("B_SHIFT", "B_INPUT"),
            "MULT_BYPASS": _text("DISABLED"),
            "RESETMODE": _text("SYNC"),
        },
        {**dict.fromkeys(_pins(("CLK", 4), ("RST", 4)), "0"), **dict.fromkeys(_pins(("CE", 4)), "1")},
        dict.fromkeys((*_pins(("C", 18)), "SOURCEA", "SOURCEB"), "0"),
        _pins(("CLK", 4)),
    ),
    "DP16KD": CellModel(
        "DP16KD.v",
        _pins(("DOA", 18), ("DOB", 18)),
        (*_pins(("DIA", 18), ("DIB", 18), ("ADA", 14), ("ADB", 14)), "CLKA", "CLKB", "CEA", "CEB", "WEA", "WEB"),
        _BLOCK_RAM_SETTINGS,
        {
            **{f"INITVAL_{number:02X}": (ZERO,) for number in range(64)},
            **{f"CLK{port}MUX": _text(f"CLK{port}") for port in "AB"},
            **{f"CSDECODE_{port}": _text("0b000") for port in "AB"},
            **dict.fromkeys(("RESETMODE", "ASYNC_RESET_RELEASE"), _text("SYNC", "ASYNC")),
            "GSR": _text("AUTO", "DISABLED", "ENABLED"),
        },
        {"OCEA": "1", "OCEB": "1", "RSTA": "0", "RSTB": "0"},
        dict.fromkeys(_pins(("CSA", 3), ("CSB", 3)), "0"),
        ("CLKA", "CLKB"),
    ),
    "SB_LUT4": CellModel("SB_LUT4.v", ("O",), idle=dict.fromkeys(_pins(("I", 4)), "0"), settings={"LUT_INIT": ANY}),
    "SB_CARRY": CellModel("SB_CARRY.v", ("CO",), idle=dict.fromkeys(("I0", "I1", "CI"), "0")),
    "SB_DFF": _dff(),
    "SB_DFFE": _dff("E"),
    "SB_DFFSR": _dff("R"),
    "SB_DFFSS": _dff("S"),
    "SB_DFFESR": _dff("E", "R"),
    "SB_DFFESS": _dff("E", "S"),
    "SB_RAM40_4K": CellModel(
        "SB_RAM40_4K.v",
        ("RDATA",),
        ("RCLK", "RADDR", "WCLK", "WADDR", "WDATA"),
        {"READ_MODE": ANY, "WRITE_MODE": ANY, **{f"INIT_{number:X}": ANY for number in range(16)}},
        {"INIT_FILE": _text("")},
        {"RCLKE": "1", "RE": "1", "WCLKE": "1", "WE": "1", "MASK": "0" * 16},
        clocks=("RCLK", "WCLK"),
    ),
    "SB_SPRAM256KA": CellModel(
        "SB_SPRAM256KA.v",
        ("DATAOUT",),
        ("ADDRESS", "DATAIN", "MASKWREN", "WREN", "CHIPSELECT", "CLOCK"),
        fixed={"STANDBY": "0", "SLEEP": "0", "POWEROFF": "1"},
        clocks=("CLOCK",),
    ),
    "SB_MAC16": CellModel(
        "SB_MAC16.v",
        ("O",),
        ("A", "B", "C", "D"),
        {
            **dict.fromkeys(("A_SIGNED", "B_SIGNED", "A_REG", "B_REG"), ANY),
            **dict.fromkeys(("PIPELINE_16x16_MULT_REG1", "PIPELINE_16x16_MULT_REG2", "TOPADDSUB_UPPERINPUT"), ANY),
            **dict.fromkeys(("TOPOUTPUT_SELECT", "BOTOUTPUT_SELECT"), (ZERO, "1", "11")),
        },
        {
            **dict.fromkeys(("TOPADDSUB_LOWERINPUT", "BOTADDSUB_LOWERINPUT"), (ZERO, "10")),
            **dict.fromkeys(("BOTADDSUB_UPPERINPUT", "TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG"), ANY),
            "TOPADDSUB_CARRYSELECT": (ZERO, "10", "11"),
            **dict.fromkeys(("BOTADDSUB_CARRYSELECT", "NEG_TRIGGER", "MODE_8x8", "C_REG", "D_REG"), (ZERO,)),
        },
        {
            **dict.fromkeys(("CLK", "AHOLD", "BHOLD", "OHOLDTOP", "OHOLDBOT"), "0"),
            **dict.fromkeys(("IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT"), "0"),
            "CE": "1",
        },
        {
            **dict.fromkeys(("CHOLD", "DHOLD", "OLOADTOP", "OLOADBOT", "ADDSUBTOP", "ADDSUBBOT"), "0"),
            **dict.fromkeys(("CI", "ACCUMCI", "SIGNEXTIN"), "0"),
        },
        ("CLK",),
        ("CO", "ACCUMCO", "SIGNEXTOUT"),
    ),
}
"""By kind of cell."""


def model_of(cell: Cell) -> CellModel:
    """The model of a cell.

    Raises
    ------
    NetlistError : the cell is of a kind, in a mode or with a connection that is not modelled
    """
    model = MODELS.get(cell.kind)
    if model is None:
        raise NetlistError(f"cell {cell.name} is of kind {cell.kind}, which has no model; add it to fpga/netlist/cells")
    for name, value in cell.settings.items():
        allowed = model.settings.get(name, model.ignored.get(name))
        if allowed is None or not (allowed == ANY or _bare(value) in map(_bare, allowed)):
            known = "it is not known" if allowed is None else f"modelled are {', '.join(allowed)}"
            raise NetlistError(f"cell {cell.name} of kind {cell.kind} has {name} = {value}: {known}")
    for kind, check in (("SB_MAC16", _check_multiplier), ("DP16KD", _check_reset)):
        if cell.kind == kind:
            check(cell)
    for name, bits in cell.pins.items():
        if name in model.fixed and _differs(bits, model.fixed[name]):
            raise NetlistError(f"cell {cell.name} of kind {cell.kind} must have {model.fixed[name]} at pin {name}")
        if name not in (*model.inputs, *model.outputs, *model.idle, *model.fixed, *model.silent):
            raise NetlistError(f"cell {cell.name} of kind {cell.kind} uses pin {name}, which is not modelled")
    return model


def _bare(value: str) -> str:
    """A number without its leading zeros, undefined bits as 0; text as it is."""
    if value.startswith('"'):
        return value
    return value.replace("x", "0").lstrip("0") or ZERO


def _check_multiplier(cell: Cell) -> None:
    """The registers between the partial products are modelled as one, and so are the two adders."""

    def values(*names: str) -> list[str]:
        return [_bare(cell.settings.get(name, ZERO)) for name in names]

    registers = values("TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG", "PIPELINE_16x16_MULT_REG1")
    if len(set(registers)) != 1:
        raise NetlistError(f"cell {cell.name} of kind SB_MAC16 must have a register at all partial products or none")
    if values("TOPOUTPUT_SELECT", "BOTOUTPUT_SELECT") == ["11", "11"]:
        return
    chained = values("TOPADDSUB_CARRYSELECT")[0] != ZERO
    upper = values("TOPADDSUB_UPPERINPUT", "BOTADDSUB_UPPERINPUT")
    lower = values("TOPADDSUB_LOWERINPUT", "BOTADDSUB_LOWERINPUT")
    if not chained or upper[0] != upper[1] or lower != ["10", "10"]:
        raise NetlistError(f"cell {cell.name} of kind SB_MAC16 must add 32 bits to its product")


def _check_reset(cell: Cell) -> None:
    """A block RAM's reset is modelled at the clock."""
    resets = [cell.pins.get(f"RST{port}", (ZERO,)) for port in "AB"]
    if cell.settings.get("RESETMODE") != '"SYNC"' and any(_differs(bits, ZERO) for bits in resets):
        raise NetlistError(f"cell {cell.name} of kind DP16KD must not use its reset while RESETMODE is not SYNC")


def _differs(bits: tuple[Bit, ...], constant: str) -> bool:
    """Whether some of the bits are anything else than the constant or undefined."""
    return any(bit not in (wanted, "x") for bit, wanted in zip(bits, reversed(constant), strict=True))


def model_text(kinds: Iterable[str]) -> str:
    """Verilog of the models of some kinds of cells, each file once."""
    files = sorted({MODELS[kind].file for kind in kinds})
    return "\n".join((FOLDER / file).read_text(encoding="utf-8") for file in files)
