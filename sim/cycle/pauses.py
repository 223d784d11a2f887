"""The periodic pauses of a memory model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pauses:
    """Cycles with ``cycle % period < length`` are paused; period 0: none are."""

    period: int = 0
    length: int = 0

    def next_open(self, cycle: int) -> int:
        """The first unpaused cycle from ``cycle`` on.

        >>> Pauses(10, 3).next_open(11), Pauses(10, 3).next_open(9)
        (13, 9)
        """
        if not self.length:
            return cycle
        phase = cycle % self.period
        return cycle if phase >= self.length else cycle - phase + self.length

    def segments(self, cycle: int, beats: int) -> list[tuple[int, int]]:
        """``beats`` successive unpaused cycles from ``cycle`` on, as ``(first cycle, number)`` without holes.

        >>> Pauses(10, 3).segments(8, 5)
        [(8, 2), (13, 3)]
        """
        if not self.length:
            return [(cycle, beats)]
        found = []
        while beats:
            cycle = self.next_open(cycle)
            count = min(beats, self.period - cycle % self.period)
            found.append((cycle, count))
            cycle += count
            beats -= count
        return found
