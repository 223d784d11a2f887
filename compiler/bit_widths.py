"""Bit widths of layers, by patterns of node names: weights of 1 (bipolar) to 8 bits or ternary, activations of 1 to 8.

A file says them in TOML, the first pattern that matches a node's name counts::

    [[layer]]
    node = "/features/*"
    weights = 4
    activations = 6

    [[layer]]
    node = "*"
    weights = "ternary"
"""

import fnmatch
import tomllib
from dataclasses import dataclass

TERNARY = "ternary"


@dataclass(frozen=True)
class LayerBits:
    """What nodes whose name matches ``node`` get; None leaves the target's width.

    Parameters
    ----------
    node : a pattern, in which ``*`` stands for any text
    weights : 1 (codes -1 and 1), "ternary" (-1, 0, 1) or 2 to 16 (symmetric)
    activations : of the node's output, 1 to 16
    """

    node: str
    weights: int | str | None = None
    activations: int | None = None

    def __post_init__(self) -> None:
        if not (self.weights in (None, TERNARY) or (isinstance(self.weights, int) and 1 <= self.weights <= 16)):
            raise ValueError(f"weights of {self.node!r} must be 1 to 16 or {TERNARY!r}, not {self.weights!r}")
        if not (self.activations is None or (isinstance(self.activations, int) and 1 <= self.activations <= 16)):
            raise ValueError(f"activations of {self.node!r} must be 1 to 16, not {self.activations!r}")


@dataclass(frozen=True)
class BitWidths:
    """Layers in the order in which they are looked through.

    >>> widths = BitWidths((LayerBits("conv*", weights=4), LayerBits("*", activations=6)))
    >>> widths.weights("conv_1"), widths.activations("conv_1"), widths.weights("fc")
    (4, None, None)
    """

    layers: tuple[LayerBits, ...] = ()

    def of(self, node: str) -> LayerBits:
        """The first entry that matches the name."""
        found = (layer for layer in self.layers if fnmatch.fnmatchcase(node, layer.node))
        return next(found, LayerBits(node))

    def weights(self, node: str) -> int | str | None:
        """Bits of a node's weights."""
        return self.of(node).weights

    def activations(self, node: str) -> int | None:
        """Bits of a node's output."""
        return self.of(node).activations

    def unused(self, nodes: list[str]) -> list[str]:
        """Patterns that match none of the nodes."""
        return [layer.node for layer in self.layers if not fnmatch.filter(nodes, layer.node)]


def parse(text: str) -> BitWidths:
    """The bit widths that a TOML text says; raises ``ValueError`` with a sentence.

    >>> parse('[[layer]]\\nnode = "fc"\\nweights = "ternary"').weights("fc")
    'ternary'
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"bit widths must be TOML: {error}") from None
    layers = document.pop("layer", [])
    if document or not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise ValueError("bit widths must be [[layer]] tables only, each with node, weights, activations")
    made = []
    for layer in layers:
        extra = sorted(set(layer) - {"node", "weights", "activations"})
        if extra or not isinstance(layer.get("node"), str):
            raise ValueError(f"a [[layer]] must have a node, and only weights and activations besides, not {layer}")
        made.append(LayerBits(**layer))
    return BitWidths(tuple(made))
