"""The wires between the blocks of the grid, as signatures seen from the block that drives them.

All of them are registered at their source. Cycle numbers follow ``docs/architecture.md``; ``r`` below is a cycle.
"""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target


class ConfigurationLine(wiring.Signature):
    """Configuration bus to one descriptor queue: a word is written in the cycle in which ``valid`` is high.

    ``table`` marks words of a TABLE (tiles only; alternately slope and offset, counted from the first since the last
    descriptor word or ``table_start``). ``room`` tells that the queue's visible level is at most depth - 2.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "data": Out(32),
                "table": Out(1),
                "table_start": Out(1),
                "room": In(1),
            }
        )


class ActivationLine(wiring.Signature):
    """Line A, loader to tiles: one element into every tile whose ``mask`` bit is set.

    It stands on the line four cycles after the loader's cycle. The activations of ``data`` (the first lowest) that
    ``enable`` marks go to ``offset`` from the log's head; with ``last`` the head advances by ``advance`` so that it is
    visible LOAD_LATENCY after the loader's cycle.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "mask": Out(target.tiles),
                "destination": Out(1),
                "offset": Out(24),
                "enable": Out(target.window_banks),
                "data": Out(target.activation_bits * target.window_banks),
                "last": Out(1),
                "advance": Out(24),
            }
        )


class WeightLine(wiring.Signature):
    """Line W, two cycles after the beat's handshake: a beat of a portion; ``last`` ends it and publishes ``words``."""

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "mask": Out(target.tiles),
                "data": Out(8 * target.port_bytes),
                "last": Out(1),
                "words": Out(16),
            }
        )


class Reservation(wiring.Signature):
    """Address generator to all tiles: ``room`` answers in the same cycle, from registers, whether ``amount`` fits.

    ``claim`` (a mask, one cycle) adds ``amount`` to ``reserved`` of those tiles' log; ``destination`` chooses window
    (0) or residual (1) log and is 0 for weights, whose amount counts words.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "amount": Out(24),
                "destination": Out(1),
                "claim": Out(target.tiles),
                "room": In(target.tiles),
            }
        )


class SlotLine(wiring.Signature):
    """O engine to one tile: reads of the oldest full slot, two cycles each.

    An ``address`` in activations given at r (any; what is outside the slot is undefined) shows ``data`` at r + 2.
    ``release`` frees the slot.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "address": Out(17),
                "data": In(8 * target.port_bytes),
                "full": In(1),
                "release": Out(1),
            }
        )


class PartialLine(wiring.Signature):
    """Local line from a tile to the next: ``columns`` sums for entry ``entry`` of the half being filled.

    ``room``: a half is free; ``claim`` takes it at a unit's start; ``done`` (one cycle) publishes it.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "entry": Out(range(target.accumulator_entries // 2)),
                "sums": Out(target.accumulator_bits * target.columns),
                "claim": Out(1),
                "done": Out(1),
                "room": In(1),
            }
        )


class TileStatus(wiring.Signature):
    """What a tile shows to the sequencer, the registers and the trace."""

    def __init__(self) -> None:
        super().__init__(
            {
                "idle": Out(1),
                "cause": Out(3),
                "tag": Out(16),
                "job_start": Out(1),
                "job_end": Out(1),
                "running": Out(1),
            }
        )


class TilePorts(wiring.Signature):
    """All ports of a tile, as the tile declares them (``In``: driven by the grid)."""

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "activations": In(_one_tile(ActivationLine(target))),
                "weights": In(_one_tile(WeightLine(target))),
                "reserve_activations": In(_one_reservation()),
                "reserve_weights": In(_one_reservation()),
                "slot": In(SlotLine(target)),
                "partial_in": In(PartialLine(target)),
                "partial_out": Out(PartialLine(target)),
                "status": Out(TileStatus()),
                "active": In(1),
            }
        )


def _one_tile(line: wiring.Signature) -> wiring.Signature:
    """The line as one tile sees it: its own bit of the mask."""
    members = dict(line.members.items())
    members["mask"] = Out(1)
    return wiring.Signature(members)


def _one_reservation() -> wiring.Signature:
    return wiring.Signature({"amount": Out(24), "destination": Out(1), "claim": Out(1), "room": In(1)})


__all__ = [
    "ActivationLine",
    "ConfigurationLine",
    "In",
    "Out",
    "PartialLine",
    "Reservation",
    "SlotLine",
    "TilePorts",
    "TileStatus",
    "WeightLine",
]
