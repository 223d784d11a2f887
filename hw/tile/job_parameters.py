"""Fields of jobs for a stage that works on them later, while the tile already runs other jobs."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa

DEPTH = 16
"""Jobs on their way to a stage. A job lasts four cycles or more with its gap, and no stage is 60 cycles behind."""


class JobParameters(wiring.Component):
    """A queue of some fields of every job; what was fetched last stays.

    Members
    -------
    values, push : In, a job's fields, side by side, enter in the cycle of ``push``
    fetch : In, the next job's fields stand in ``fields`` from the following cycle on; later than its ``push``
    fields : Out
    """

    def __init__(self, *names: str) -> None:
        job = descriptor_layout(isa.Job)
        for name in names:
            if name not in isa.Job.__dataclass_fields__:
                raise ValueError(f"{name!r} is not a field of a JOB")
        self.names = names
        super().__init__(
            {
                "values": In(data.StructLayout({name: job[name].shape for name in names}).size),
                "push": In(1),
                "fetch": In(1),
                "fields": Out(data.StructLayout({name: job[name].shape for name in names})),
            }
        )

    def of(self, job: data.View) -> Value:
        """What ``values`` are, of a job."""
        return Cat(job[name] for name in self.names)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=len(self.fields.as_value()), depth=DEPTH, init=[])
        write, read = memory.write_port(), memory.read_port()
        head, tail = Signal(range(DEPTH)), Signal(range(DEPTH))
        m.d.sync += [head.eq(head + self.push), tail.eq(tail + self.fetch)]
        m.d.comb += [
            write.addr.eq(head),
            write.data.eq(self.values),
            write.en.eq(self.push),
            read.addr.eq(tail),
            read.en.eq(self.fetch),
            self.fields.eq(read.data),
        ]
        return m
