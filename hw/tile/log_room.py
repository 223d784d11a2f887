"""Counters of a log: what is free for transfers, and what has arrived ahead of the current unit."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LogUse(wiring.Signature):
    """Users of a log, transfers and units, towards its counters. Every strobe of cycle t counts from t + 1.

    ``amount`` is what a transfer asks for, ``room`` the answer in the same cycle; ``claim`` takes it. ``span`` is what
    a unit needs, ``ready`` the answer in the same cycle; with ``leave``, ``base`` moves on by ``left`` (signed); with
    ``release``, ``tail`` moves on by ``released``.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "amount": Out(24),
                "claim": Out(1),
                "room": In(1),
                "span": Out(24),
                "ready": In(1),
                "leave": Out(1),
                "left": Out(signed(26)),
                "release": Out(1),
                "released": Out(26),
            }
        )


class LogRoom(wiring.Component):
    """The differences of a log's four pointers, as two counters.

    ``free`` is size - (reserved - tail), ``available`` is head - base.

    Parameters
    ----------
    size : bytes or words of the log

    Members
    -------
    use : In, see :class:`LogUse`
    arrive, arrived : In, ``arrived`` more are there to be read
    """

    use: In(LogUse())
    arrive: In(1)
    arrived: In(24)

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size!r}")
        self.size = size
        super().__init__()

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        use = self.use
        shape = signed(self.size.bit_length() + 2)
        free = Signal(shape, init=self.size)
        available = Signal(shape)
        m.d.comb += [use.room.eq(use.amount <= free), use.ready.eq(use.span <= available)]
        # `claim` and `leave` come late in the cycle: they choose between sums that are ready.
        freed, come = Signal(shape), Signal(shape)
        m.d.comb += [
            freed.eq(free + Mux(use.release, use.released, 0)),
            come.eq(available + Mux(self.arrive, self.arrived, 0)),
        ]
        m.d.sync += [
            free.eq(Mux(use.claim, freed - use.amount, freed)),
            available.eq(Mux(use.leave, come - use.left, come)),
        ]
        return m
