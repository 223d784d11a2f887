"""Comparison of two logs."""

from itertools import zip_longest

from tests.hw_dma.model import Log


def compare(rtl: Log, model: Log) -> None:
    """Every kind of event in the same cycles with the same contents; the earliest difference is shown."""
    differences = []
    for kind in sorted(rtl | model):
        ours, theirs = rtl.get(kind, []), model.get(kind, [])
        for one, other in zip_longest(ours, theirs):
            if one != other:
                cycle = min(event[0] for event in (one, other) if event)
                differences.append((cycle, f"{kind}: RTL {one}, model {other}"))
                break
    assert not differences, min(differences)


def contents(log: Log) -> dict[str, list[tuple[object, ...]]]:
    """The events of every kind in their order, without the cycles."""
    return {kind: [event[1:] for event in events] for kind, events in log.items()}
