"""The saved view of a wave file for GTKWave: the signals that tell what the machine does, with their names decoded."""

from collections.abc import Mapping
from pathlib import Path

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Opcode
from tileloom.hw.spec.registers import Cause, Error

TOP = "tileloom.tileloom"
"""The model, and in it the machine."""
BY_NAME = "@2022"
"""GTKWave's flags of a trace: in hexadecimal, through a file of names."""
PLAIN = "@24"
"""Decimal."""
BIT = "@28"


def view(target: Target, waves: Path) -> dict[Path, str]:
    """Files beside ``waves``: the view (``.gtkw``) and the names that it decodes with; contents by path.

    State and cause of every tile (``RUN`` where it computes), opcode and place of the instruction that the sequencer
    works on, the error, and the handshakes at the memory port.
    """
    from tileloom.hw.tile.unit_control import State  # late: it loads all of Amaranth

    names = {
        "states": {int(state.value): name for name, state in State.__members__.items()},
        "causes": {int(cause): cause.name for cause in Cause},
        "opcodes": {int(opcode): opcode.name for opcode in Opcode},
        "errors": {int(error): error.name for error in Error},
    }
    digits = {"opcodes": 2}
    files = {waves.with_suffix(f".{name}.txt"): _names(found, digits.get(name, 1)) for name, found in names.items()}
    states, causes, opcodes, errors = (path.name for path in files)
    opcode = " ".join(f"({bit}){TOP}.sequencer.header[31:0]" for bit in range(24, 32))
    lines = [
        f'[dumpfile] "{waves.name}"',
        f'[savefile] "{waves.with_suffix(".gtkw").name}"',
        "[timestart] 0",
        *("@200", "-run"),
        *(BIT, f"{TOP}.trace_running"),
        *("@200", "-sequencer"),
        *(BY_NAME, f"^1 {opcodes}", f"#{{opcode}} {opcode}"),
        *(PLAIN, f"{TOP}.sequencer.program_counter[29:0]"),
        *(BY_NAME, f"^2 {errors}", f"{TOP}.sequencer.error[3:0]"),
        *("@200", "-tiles"),
    ]
    for tile in range(target.tiles):
        control = f"{TOP}.grid.tile_{tile}.tile.control"
        lines += [BY_NAME, f"^3 {states}", f"{control}.state[1:0]"]
        lines += [BY_NAME, f"^4 {causes}", f"{control}.cause[2:0]"]
    lines += ["@200", "-memory port", BIT]
    lines += [
        f"{TOP}.m_axi_{name}" for name in ("arvalid", "arready", "rvalid", "rlast", "awvalid", "wvalid", "bvalid")
    ]
    return {**files, waves.with_suffix(".gtkw"): "\n".join(lines) + "\n"}


def _names(found: Mapping[int, str], digits: int) -> str:
    """A translation file: the number as GTKWave shows it, all hexadecimal digits of its net, then the name."""
    return "".join(f"{number:0{digits}X} {name}\n" for number, name in found.items())
