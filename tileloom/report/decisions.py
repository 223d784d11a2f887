"""The decisions log: how each layer was laid on the grid, where its data lie, and the ONNX nodes it comes from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.program import Program
from tileloom.report.lives import spaces_used

if TYPE_CHECKING:
    from tileloom.compiler.network import Network

LONGEST = 160
"""Characters of an attribute that are shown."""
SPACES = {int(Space.MEMORY): "memory", int(Space.MAP): "map buffer"}


@dataclass(frozen=True)
class Link:
    """Words, and what they lead to; an empty ``anchor`` leads nowhere."""

    words: str
    anchor: str = ""


@dataclass(frozen=True)
class Decision:
    """One layer of the program."""

    number: int
    name: str
    nodes: tuple[Link, ...]
    source: Link
    mapping: str
    reads: str
    writes: str


@dataclass(frozen=True)
class NodeFacts:
    """One ONNX node as the network has it."""

    anchor: str
    name: str
    op: str
    inputs: str
    outputs: str
    attributes: str
    source: Link


def decisions(program: Program, anchors: Mapping[str, str]) -> list[Decision]:
    """One entry a layer; ``anchors`` gives the place on the page of each ONNX node."""
    used = spaces_used(program)
    return [
        Decision(
            number,
            job.name,
            tuple(Link(node, anchors.get(node, "")) for node in job.node.split()),
            source_link(job.source),
            job.mapping,
            _spaces(used[job.name][0]),
            _spaces(used[job.name][1]),
        )
        for number, job in enumerate(program.jobs, 1)
    ]


def source_link(source: str) -> Link:
    """A source line; one with an absolute path leads to the file."""
    path, _, line = source.rpartition(":")
    absolute = Path(path).is_absolute() and line.isdigit()
    return Link(source or "-", f"file://{path}#L{line}" if absolute else "")


def nodes_of(network: "Network") -> list[NodeFacts]:
    """The network's nodes, in order of execution."""
    return [
        NodeFacts(
            f"node-{number}",
            node.name,
            node.op,
            ", ".join(_shaped(name, network) for name in node.inputs if name),
            ", ".join(_shaped(name, network) for name in node.outputs if name),
            "; ".join(_attribute(attribute) for attribute in node.proto.attribute),
            source_link(node.source.line),
        )
        for number, node in enumerate(network.nodes(), 1)
    ]


def linked(notes: Iterable[str], anchors: Mapping[str, str]) -> list[list[Link]]:
    """Notes in pieces, so that every node named in one can be a link.

    >>> linked(["Tanh at a: 64 segments"], {"a": "node-1"})
    [[Link(words='Tanh at ', anchor=''), Link(words='a', anchor='node-1'), Link(words=': 64 segments', anchor='')]]
    """
    # A name is one only where it does not go on; of several the longest is meant.
    names = "|".join(re.escape(name) for name in sorted(anchors, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w/.])({names})(?![\w/]|\.\w)") if names else None
    return [
        [Link(piece, anchors.get(piece, "")) for piece in (pattern.split(note) if pattern else [note]) if piece]
        for note in notes
    ]


def _spaces(found: Iterable[int]) -> str:
    return ", ".join(SPACES[space] for space in sorted(found)) or "-"


def _shaped(name: str, network: "Network") -> str:
    shape = network.shapes.get(name)
    return name if shape is None else f"{name} {' x '.join(str(size) for size in shape) or 'scalar'}"


def _attribute(attribute: Any) -> str:
    from onnx import helper

    if attribute.HasField("t") or attribute.HasField("g"):
        return f"{attribute.name} = (not shown)"
    value = helper.get_attribute_value(attribute)
    shown = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return f"{attribute.name} = {shown if len(shown) <= LONGEST else shown[:LONGEST] + '...'}"
