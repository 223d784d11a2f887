"""Arrangement: tensors that share a place in memory, so that concatenating, splitting and shuffling take no work.

A place is a row of *slots*: channels as they lie, in blocks. Tensors that are concatenated are written one behind
another into one place, each from a new block on; what is made of them is a list of slots, with holes where a tensor
did not fill its last block. Convolutions read and write any list of slots: it is the order of their weights. Operators
that go channel by channel make what they make in the slots of what they read. Where that contradicts itself, or where
too much would be read for nothing, channels are copied.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tileloom.compiler.backend.selections import Channel, Selection, pieces_of, selection_of
from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Conv2d,
    Extremum,
    IntegerGraph,
    MaxPool2d,
    Multiply,
    Operator,
    Source,
)
from tileloom.hw.spec.config import Target

WASTE = 1.5
"""Slots that a selection may span, by the slots that its channels alone would take."""


@dataclass(frozen=True)
class Member:
    """Where a tensor lies: ``extent`` slots of a place from ``first`` on, channel ``c`` in ``slots[c]`` of them.

    Without ``slots`` the channels lie one behind another.
    """

    place: str
    first: int
    extent: int
    slots: tuple[int, ...] = ()


@dataclass(frozen=True)
class Arrangement:
    """The graph, where needed with copies of single tensors; the tensors that are made by addresses alone."""

    graph: IntegerGraph
    addressed: frozenset[str] = frozenset()
    members: dict[str, Member] = field(default_factory=dict)
    """Tensors that share a place or have holes; all others lie in one of their own."""
    places: dict[str, int] = field(default_factory=dict)
    """Slots of the places that are shared; their blocks are the target's channel blocks."""


def fresh(name: str, taken: Container[str]) -> str:
    """This name, or one like it that is not taken.

    >>> fresh("a", {"a", "a'"})
    "a''"
    """
    while name in taken:
        name += "'"
    return name


class _Contradiction(Exception):
    """A selection that cannot be addresses alone."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


def arrange(graph: IntegerGraph, target: Target) -> Arrangement:
    """Places of all tensors, as many Assembles as can be being addresses alone."""
    selections = [
        selection
        for operator in graph.operators
        if isinstance(operator, Assemble) and (selection := selection_of(operator, graph.tensors)) is not None
    ]
    while selections:
        try:
            return _Arranger(graph, selections, target).arrangement()
        except _Contradiction as found:
            selections = [selection for selection in selections if selection.output != found.output]
    return Arrangement(graph)


class _Arranger:
    """One attempt to make the given selections addresses; raises :class:`_Contradiction` with one that cannot be."""

    def __init__(self, graph: IntegerGraph, selections: list[Selection], target: Target) -> None:
        self.graph, self.block = graph, target.channel_block
        self.chosen = {selection.output: selection.channels for selection in selections}
        self.copies: dict[tuple[str, str], tuple[str, tuple[Channel, ...]]] = {}
        self.home: dict[str, str] = {}
        self.rows: dict[str, list[str]] = {}
        self.final: dict[str, tuple[Channel, ...]] = {}
        for selection in reversed(selections):
            self._settle(selection.output)
        self.parent: dict[str, str] = {}
        for operator in graph.operators:
            self._join(operator)
        self._forms: dict[str, tuple[int, ...] | None] = {}

    def arrangement(self) -> Arrangement:
        """The arrangement of this attempt."""
        graph = self._with_copies()
        members: dict[str, Member] = {}
        for name in graph.tensors:
            member = self._selected(name) if name in self.final else self._made(name)
            if member is not None:
                members[name] = member
        places = {place: self._starts(place)[1] for place in self.rows}
        return Arrangement(graph, frozenset(self.final), members, places)

    # Which tensors share a place.

    def _roots(self, name: str) -> tuple[Channel, ...]:
        """The channels of a tensor in terms of tensors that are made, not chosen."""
        if name not in self.chosen:
            channels = self.graph.tensors[name].channels
            return tuple((name, channel) for channel in range(channels))
        found: list[Channel] = []
        known: dict[str, tuple[Channel, ...]] = {}
        for source, channel in self.chosen[name]:
            if source not in known:
                known[source] = self._roots(source)
            found.append(known[source][channel])
        return tuple(found)

    def _settle(self, output: str) -> None:
        """Give the tensors that a selection reads a place in common; copy those that have another one."""
        channels = self._roots(output)
        if len(set(channels)) < len(channels):
            raise _Contradiction(output)  # a weight for each of two channels cannot stand in one slot
        names = list(dict.fromkeys(name for name, _ in channels))
        if len(names) == 1:
            self.final[output] = channels
            return
        counts = {name: sum(source == name for source, _ in channels) for name in names}
        by_home: dict[str, int] = {}
        for name in names:
            if name in self.home:
                by_home[self.home[name]] = by_home.get(self.home[name], 0) + counts[name]
        place = max(by_home, key=lambda home: by_home[home]) if by_home else ""
        if place and self._span(place, names) > WASTE * len(channels) + 2 * self.block:
            place = ""
        if not place and all(name in self.home or name in self.graph.inputs for name in names):
            raise _Contradiction(output)
        place = place or fresh(f"{output} (place)", self.graph.tensors)
        row = self.rows.setdefault(place, [])
        moved: dict[str, dict[int, Channel]] = {}
        for name in names:
            if self.home.get(name) == place:
                continue
            if name not in self.home and name not in self.graph.inputs:
                self.home[name] = place
                row.append(name)
                continue
            wanted = tuple(channel for channel in dict.fromkeys(channels) if channel[0] == name)
            moved[name] = self._copied(output, place, name, wanted)
        self.final[output] = tuple(moved.get(name, {}).get(channel, (name, channel)) for name, channel in channels)

    def _span(self, place: str, names: Iterable[str]) -> int:
        """About the slots from the first of these tensors to the last, those added to the place's end included."""
        row = [*self.rows[place], *(name for name in names if self.home.get(name) != place)]
        first = next(i for i, name in enumerate(row) if name in names)
        last = max(i for i, name in enumerate(row) if name in names)
        return sum(self._tensor_channels(name) for name in row[first : last + 1])

    def _copied(self, output: str, place: str, name: str, wanted: tuple[Channel, ...]) -> dict[int, Channel]:
        """A copy in this place of some of a tensor's channels; where there is one already, that."""
        key = (place, name)
        if key not in self.copies:
            copy = fresh(f"{name} in {place}", self.graph.tensors)
            self.copies[key] = (copy, wanted)
            self.home[copy] = place
            self.rows[place].append(copy)
        copy, channels = self.copies[key]
        if not set(wanted) <= set(channels):
            raise _Contradiction(output)
        return {channel: (copy, i) for i, (_, channel) in enumerate(channels)}

    def _tensor_channels(self, name: str) -> int:
        tensor = self.graph.tensors.get(name)
        if tensor is not None:
            return tensor.channels
        return next(len(channels) for copy, channels in self.copies.values() if copy == name)

    def _with_copies(self) -> IntegerGraph:
        """The graph with each copy behind what makes its source, and Assembles of what was chosen in the end."""
        tensors = dict(self.graph.tensors)
        operators: list[Operator] = []
        behind: dict[str, list[Assemble]] = {}
        for (place, name), (copy, channels) in self.copies.items():
            source = tensors[name]
            tensors[copy] = replace(source, name=copy, channels=len(channels), shape=())
            pieces = pieces_of(channels, source.height * source.width)
            reason = Source(f"{name} copied for {place.removesuffix(' (place)')}", "Copy")
            behind.setdefault(name, []).append(Assemble(reason, copy, pieces, 0))
        for name in self.graph.inputs:
            operators += behind.get(name, [])
        for operator in self.graph.operators:
            if isinstance(operator, Assemble) and operator.output in self.final:
                made = tensors[operator.output]
                pieces = pieces_of(self.final[operator.output], made.height * made.width)
                operator = replace(operator, pieces=pieces)
            operators.append(operator)
            operators += behind.get(operator.output, [])
        return replace(self.graph, tensors=tensors, operators=tuple(operators))

    # Where channels lie in a tensor: its form, common to all that are joined channel by channel.

    def _join(self, operator: Operator) -> None:
        for one, other in _alike(operator, self.graph):
            self.parent[self._group(one)] = self._group(other)

    def _group(self, name: str) -> str:
        while name in self.parent and self.parent[name] != name:
            name = self.parent[name]
        return name

    def _form(self, name: str) -> tuple[int, ...]:
        """Slots of the channels of a tensor and of all in its group; ``()`` for one behind another."""
        group = self._group(name)
        if group not in self._forms:
            self._forms[group] = None
            members = [other for other in self.graph.tensors if self._group(other) == group]
            plain = any(other in self.graph.inputs or other in self.graph.outputs for other in members)
            form: tuple[int, ...] | None = () if plain else None
            for other in members:
                if other not in self.final:
                    continue
                found = self._slots(other)[1]
                if form is not None and found != form:
                    raise _Contradiction(other)
                form = found
            self._forms[group] = form or ()
        known = self._forms[group]
        if known is None:
            raise _Contradiction(next(self._chosen_of(group)))
        return known

    def _chosen_of(self, group: str) -> Iterator[str]:
        return (name for name in self.final if self._group(name) == group)

    def _extent(self, name: str) -> int:
        form = self._form(name) if name in self.graph.tensors else ()
        return max(form) + 1 if form else self._tensor_channels(name)

    def _starts(self, place: str) -> tuple[dict[str, int], int]:
        """First slots of the tensors of a place, and all its slots."""
        starts, end = {}, 0
        for name in self.rows[place]:
            starts[name] = end
            end += -(-self._extent(name) // self.block) * self.block
        return starts, end

    def _slots(self, output: str) -> tuple[int, tuple[int, ...]]:
        """First slot of a selection in its place, at a block, and the slots of its channels behind that."""
        channels = self.final[output]
        place = self.home.get(channels[0][0])
        starts = self._starts(place)[0] if place else {}
        forms = {name: self._form(name) if name in self.graph.tensors else () for name, _ in channels}
        slots = [starts.get(name, 0) + (forms[name][channel] if forms[name] else channel) for name, channel in channels]
        first = min(slots) // self.block * self.block
        behind = tuple(slot - first for slot in slots)
        return first, () if behind == tuple(range(len(behind))) else behind

    # The outcome.

    def _selected(self, output: str) -> Member:
        first, slots = self._slots(output)
        source, count = self.final[output][0][0], len(self.final[output])
        extent = max(slots) + 1 if slots else count
        if self._form(output) != slots or extent > WASTE * count + 2 * self.block:
            raise _Contradiction(output)
        return Member(self.home.get(source, source), first, extent, slots)

    def _made(self, name: str) -> Member | None:
        form = self._form(name) if name in self.graph.tensors else ()
        if name in self.home:
            first = self._starts(self.home[name])[0][name]
            return Member(self.home[name], first, self._extent(name), form)
        return Member(name, 0, self._extent(name), form) if form else None


def _alike(operator: Operator, graph: IntegerGraph) -> list[tuple[str, str]]:
    """Pairs of tensors of an operator whose channels must lie alike."""
    match operator:
        case Conv2d():
            channels = graph.tensors[operator.input].channels
            depthwise = 1 < operator.groups == channels == len(operator.weights)
            return [(operator.input, operator.output)] if depthwise else []
        case MaxPool2d() | AveragePool2d():
            return [(operator.input, operator.output)]
        case Add() | Multiply() | Extremum():
            return [(operator.a, operator.output), (operator.b, operator.output)]
        case _:
            return []
