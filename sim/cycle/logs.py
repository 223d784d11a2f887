"""The circular logs of a tile: window, residual and weights, each with its pointers as timelines."""

from tileloom.sim.cycle.timeline import Schedule, Timeline


class Log:
    """One log. ``reserved`` moves with the address generator, ``head`` and ``tail`` are read across units.

    Members
    -------
    head : activations or words that have arrived; the tile reads it
    tail : activations or words that are free again; the address generator reads it
    base : where the current unit reads, moved by the tile alone
    """

    def __init__(self, schedule: Schedule, size: int) -> None:
        self.size = size
        self.reserved = 0
        self.base = 0
        self.head = Timeline(schedule)
        self.tail = Timeline(schedule)


class TileLogs:
    """The logs of one tile, with the timelines that join it to the O engine and to the next tile.

    Members
    -------
    slots_full, slots_free : output slots that were filled, and that were freed
    halves_full, halves_free : halves of the accumulator memory that the tile before filled, and that this tile freed
    """

    def __init__(self, schedule: Schedule, window: int, residual: int, weight_words: int) -> None:
        self.window = Log(schedule, window)
        self.residual = Log(schedule, residual)
        self.weights = Log(schedule, weight_words)
        self.slots_full = Timeline(schedule)
        self.slots_free = Timeline(schedule)
        self.halves_full = Timeline(schedule)
        self.halves_free = Timeline(schedule)
