"""Deeper search: mappings chosen by what the whole program takes, to the cycle, one layer after another.

The search for one layer goes by estimates, which know nothing of the layers around it. Here the next best mappings of
each layer take their turn in the whole program, and the one with the fewest simulated cycles stays.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tileloom.compiler.backend.mapping import Mapping as LayerMapping

Choices = Mapping[str, int]
"""By a layer's output: the number of the mapping, in the order of the search, that is tried first; 0 where none is."""


@dataclass
class Offers:
    """What the search offers for each layer, kept from one program to the next, and which of it is tried first."""

    choices: Choices = field(default_factory=dict)
    _found: dict[tuple[str, int], tuple[list[LayerMapping], Iterator[LayerMapping]]] = field(default_factory=dict)

    def of(self, output: str, operators: int, search: Callable[[], Iterator[LayerMapping]]) -> Iterator[LayerMapping]:
        """The mappings of the layer of so many ``operators`` that makes ``output``, the chosen one before all."""
        key = (output, operators)
        if key not in self._found:
            self._found[key] = ([], search())
        found, more = self._found[key]

        def number(index: int) -> LayerMapping | None:
            while len(found) <= index and (mapping := next(more, None)) is not None:
                found.append(mapping)
            return found[index] if index < len(found) else None

        if (chosen := number(self.choices.get(output, 0))) is not None:
            yield chosen
        index = 0
        while (mapping := number(index)) is not None:
            yield mapping
            index += 1


def refine(cycles: Callable[[Choices], int], layers: Sequence[str], effort: int) -> Choices:
    """Choices for the layers that make ``layers``, each among its ``effort`` best mappings besides the very best.

    ``cycles`` tells what a program with given choices takes; the result never takes more than one without any.

    >>> refine(lambda choices: 10 - choices.get("a", 0) + 3 * choices.get("b", 0), ["a", "b"], effort=2)
    {'a': 2}
    """
    chosen: dict[str, int] = {}
    best = cycles(chosen)
    for layer in layers:
        for number in range(1, effort + 1):
            tried = {**chosen, layer: number}
            if (found := cycles(tried)) < best:
                best, chosen = found, tried
    return chosen
