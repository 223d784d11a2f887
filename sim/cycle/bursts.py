"""How runs of bytes are cut into bursts."""

from functools import lru_cache

CACHED = 1 << 12
"""Cuts that are kept: runs of a layer mostly differ by whole bursts."""


def burst_beats_of(address: int, size_bytes: int, port_bytes: int, burst_bytes: int) -> list[int]:
    """Beats of each burst that a run takes: whole beats, ending at multiples of ``burst_bytes`` or at the run's end.

    >>> burst_beats_of(60, 150, 8, 64)
    [1, 8, 8, 3]
    """
    end = address + size_bytes
    beats = []
    while address < end:
        stop = min(end, (address // burst_bytes + 1) * burst_bytes)
        beats.append(-(-stop // port_bytes) - address // port_bytes)
        address = stop
    return beats


@lru_cache(maxsize=CACHED)
def burst_cut(place: int, size_bytes: int, port_bytes: int, burst_bytes: int) -> tuple[int, ...]:
    """The same for a run that begins at byte ``place`` of a burst."""
    return tuple(burst_beats_of(place, size_bytes, port_bytes, burst_bytes))
