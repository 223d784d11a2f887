"""What the families' flows make of the scripts that Amaranth writes."""

import pytest

from tileloom.fpga.families import FAMILIES, SMALL_ADDERS, device_options, synthesis_script
from tileloom.fpga.tools import BuildError

ECP5 = "nextpnr-ecp5 --quiet --um5g-85k --package CABGA554 --speed 8 --json top.json"
GOWIN = "nextpnr-gowin --quiet --device GW1NR-LV9QN88PC6/I5 --family GW1N-9C --cst top.cst"


def test_device_options() -> None:
    """The older Gowin program's options become those of the newer one's architecture."""
    assert device_options("ecp5", "b", ECP5) == ["--um5g-85k", "--package", "CABGA554", "--speed", "8"]
    wanted = ["--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"]
    assert device_options("gowin", "b", GOWIN) == wanted
    with pytest.raises(BuildError, match="platform of board b gives no device options"):
        device_options("gowin", "b", ECP5)


def test_small_sums_become_logic_between_two_halves_of_synthesis() -> None:
    script = "read_rtlil top.il\nsynth_gowin -family gw1n -top top -json top.syn.json\n"
    lines = synthesis_script(FAMILIES["gowin"], script).splitlines()
    half = "synth_gowin -family gw1n -top top -json top.syn.json -run"
    rule = f"techmap -map {SMALL_ADDERS.name} t:$alu"
    assert lines == ["read_rtlil top.il", f"{half} :map_gates", rule, "opt -fast", f"{half} map_gates:"]
    assert synthesis_script(FAMILIES["ecp5"], script) == script


def test_cells_of_several_names_are_added() -> None:
    used = {"MULT9X9": (8, 40), "MULT18X18": (2, 20), "DFF": (5, 9)}
    assert [FAMILIES["gowin"].used(kind, used) for kind in ("dsp", "ff", "bram")] == [10, 5, 0]
    assert (FAMILIES["gowin"].placer, FAMILIES["gowin"].packer) == ("nextpnr-himbaechel-gowin", "gowin_pack")
