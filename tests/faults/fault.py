"""A planted fault: one line of the hardware's source replaced by another."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.import_edges import ROOT

LIST = Path(__file__).with_name("faults.toml")


class FaultKind(StrEnum):
    """What a fault spoils."""

    TIMING = "timing"
    ARITHMETIC = "arithmetic"


@dataclass(frozen=True)
class Fault:
    """One line of one file, and what replaces it; both without indentation, and ``old`` stands in ``file`` once."""

    name: str
    kind: FaultKind
    file: str
    """Relative to the repository, below ``hw/``."""
    old: str
    new: str
    breaks: str
    """What the machine now does, in a few words."""
    target: str = "small"
    """Preset in which it shows."""

    def plant(self, text: str) -> str:
        """The file's text with the fault in it.

        Raises
        ------
        ValueError : the file does not have the line exactly once
        """
        lines = text.split("\n")
        places = [number for number, line in enumerate(lines) if line.strip() == self.old]
        if len(places) != 1:
            raise ValueError(
                f"fault {self.name}: {self.file} must have the line {self.old!r} once, not {len(places)} times; "
                f"write it anew in {LIST.relative_to(ROOT)}"
            )
        line = lines[places[0]]
        lines[places[0]] = line[: len(line) - len(line.lstrip())] + self.new
        return "\n".join(lines)


def planted_faults() -> dict[str, Fault]:
    """The committed list, by name."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))["fault"]
    faults = [Fault(**{**entry, "kind": FaultKind(entry["kind"])}) for entry in entries]
    found = {fault.name: fault for fault in faults}
    if len(found) != len(faults):
        raise ValueError(f"{LIST.name} names a fault twice")
    return found
