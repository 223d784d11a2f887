"""The synthesis of a family: one script for the boards' builds, the areas and the sign-off of the netlist."""

from dataclasses import dataclass

PREPARATION = "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2\nrename -hide w:*[[]*"
"""Before synthesis. The machine never reads a word in the cycle in which it is written, so nothing has to be built that
gives the old one; the cell models of the sign-off spoil every such read. And wires of single elements, such as
``sums[0]``, lose their names: ABC9 mistakes them for bits of the wire ``sums``, and fails."""


@dataclass(frozen=True)
class Synthesis:
    """Yosys's command of a family, and the options that the project gives it."""

    command: str
    options: str

    def line(self, top: str) -> str:
        """The whole command for a top module."""
        return " ".join([self.command, *self.options.split(), "-top", top])


SYNTHESES = {
    "ecp5": Synthesis("synth_ecp5", "-abc9"),
    "gowin": Synthesis("synth_gowin", "-family gw1n -nowidelut"),
    "ice40": Synthesis("synth_ice40", "-dsp -abc9 -device u"),
}
"""By family of devices."""
MODELLED = ("ecp5", "ice40")
"""Families whose cells can be simulated (:mod:`.netlist`) and counted beforehand (:mod:`.area_model`)."""
