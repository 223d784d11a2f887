"""The names of the engines on the command line."""

from enum import StrEnum


class EngineName(StrEnum):
    """Which engine a command runs."""

    FUNCTIONAL = "functional"
    """The program's bytes, job by job: results, no time."""
    CYCLE = "cycle"
    """Exact cycles, job traces and stalls."""
    RTL = "rtl"
    """The Verilog itself, in Verilator."""
    NETLIST = "netlist"
    """What synthesis makes of it for a family of devices, with models of that family's cells; for `verify` alone."""

    @classmethod
    def _missing_(cls, value: object) -> "EngineName | None":
        raise ValueError(f"engine must be one of {', '.join(cls)}, not {value!r}")
