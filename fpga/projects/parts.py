"""Vendors' parts: which tool takes them, and which family of yosys estimates them."""

import re
from dataclasses import dataclass

from tileloom.fpga.tools import BuildError

TOOLS = ("vivado", "ise", "quartus")


@dataclass(frozen=True)
class Family:
    """A vendor's family of devices."""

    title: str
    tool: str
    """One of :data:`TOOLS`."""
    pattern: str
    """What a whole part number looks like, in small letters; groups ``device``, ``package`` and ``speed`` for ISE."""
    example: str
    synthesis: str
    """Its name in :data:`tileloom.fpga.area.FAMILIES`."""


FAMILIES = (
    Family("Artix-7", "vivado", r"xc7a\d+ti?[a-z]{3}\d+-\d\w*", "xc7a100tcsg324-1", "xc7"),
    Family("Zynq-7000", "vivado", r"xc7z\d+s?i?[a-z]{3}\d+-\d\w*", "xc7z020clg400-1", "xc7"),
    Family("Kintex-7", "vivado", r"xc7k\d+ti?[a-z]{3}\d+-\d\w*", "xc7k325tffg900-2", "xc7"),
    Family(
        "Virtex-6",
        "ise",
        r"(?P<device>xc6v[a-z]+\d+t)-?(?P<package>ff\w?\d+)(?P<speed>-\d)",
        "xc6vlx240tff1156-1",
        "xc6v",
    ),
    Family(
        "UltraScale+",
        "vivado",
        r"(xczu\d+[a-z]*|xc[kv]u\d+p|xcau\d+p)-[a-z]+\d+-\d\w*-[eim]",
        "xczu3eg-sbva484-1-e",
        "xcup",
    ),
    Family(
        "Cyclone V",
        "quartus",
        r"5c(e|g[xt]|s[ext])[a-z]{2}\d([a-z]\d)?[a-z]\d{2}[a-z]\d\w?",
        "5cseba6u23i7",
        "cyclonev",
    ),
)


@dataclass(frozen=True)
class VendorPart:
    """A part number that was understood."""

    name: str
    """In the spelling that the vendor's tool takes."""
    family: Family
    device: str = ""
    package: str = ""
    speed: str = ""


def find_part(tool: str, part: str) -> VendorPart:
    """The part of that number, if the tool takes it; :class:`BuildError` says what is wrong and what would be right.

    >>> find_part("vivado", "XC7A100TCSG324-1").family.title
    'Artix-7'
    >>> found = find_part("ise", "xc6vlx240tff1156-1"); found.device, found.package, found.speed
    ('xc6vlx240t', 'ff1156', '-1')
    """
    if tool not in TOOLS:
        raise BuildError(f"project {tool!r} is not known; use one of {', '.join(TOOLS)}")
    for family in FAMILIES:
        match = re.fullmatch(family.pattern, part.lower())
        if match and family.tool != tool:
            raise BuildError(f"part {part} ({family.title}) is not for {tool}; use --project {family.tool}")
        if match:
            groups = match.groupdict()
            name = part.upper() if tool == "quartus" else part.lower()
            return VendorPart(name, family, *(groups.get(key) or "" for key in ("device", "package", "speed")))
    examples = ", ".join(f"{family.example} ({family.title})" for family in FAMILIES if family.tool == tool)
    raise BuildError(f"part {part!r} is not known to --project {tool}; give a whole part number, such as {examples}")
