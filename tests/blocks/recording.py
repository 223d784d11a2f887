"""A stand-in for Amaranth's simulator that keeps what a bench drives and sees, and repeats it on Verilator."""

import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Signal, Value
from amaranth.sim import Simulator

from tests.hw_top.cocotb_run import run_bench
from tileloom.hw.verilog_memory import VERILOG as MEMORY_MODULE
from tileloom.hw.verilog_memory import VerilogMemories
from tileloom.hw.verilog_text import verilog_from_rtlil

TOP = "block"
TICK, SET, GET = 0, 1, 2
"""Kinds of events; the latter two are followed by the port's number and its value, unsigned."""
Event = tuple[int, ...]
Bench = Callable[[Any], Awaitable[None]]


class Recording:
    """Events in the order of their happening, and the signals that they name."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ports: list[Signal] = []
        self.ticks = 0
        self._numbers: dict[int, int] = {}

    def note(self, kind: int, signal: Signal, value: int) -> None:
        """One value driven or seen."""
        number = self._numbers.setdefault(id(signal), len(self.ports))
        if number == len(self.ports):
            self.ports.append(signal)
        self.events.append((kind, number, value & _mask(signal)))

    def tick(self, number: int) -> None:
        """A testbench has come to its clock edge ``number``; several of them meet at one edge."""
        if number > self.ticks:
            self.ticks = number
            self.events.append((TICK,))


class RecordingContext:
    """What a testbench is given: ``get``, ``set`` and ``tick`` of Amaranth's context, recorded."""

    def __init__(self, context: Any, recording: Recording) -> None:
        self._context = context
        self._recording = recording
        self._ticks = 0

    def get(self, expression: Any) -> Any:
        """The value of an expression; every signal in it is recorded."""
        for signal in Value.cast(expression)._rhs_signals():
            self._recording.note(GET, signal, self._context.get(signal))
        return self._context.get(expression)

    def set(self, target: Any, value: Any) -> None:
        """Drive signals; each is recorded whole."""
        self._context.set(target, value)
        for signal in Value.cast(target)._lhs_signals():
            self._recording.note(SET, signal, self._context.get(signal))

    async def tick(self) -> None:
        """Wait for the next clock edge."""
        await self._context.tick()
        self._ticks += 1
        self._recording.tick(self._ticks)


class RepeatingSimulator:
    """In the place of :class:`amaranth.sim.Simulator`: runs the benches there, then the same on Verilator."""

    replayed = 0
    """Values that were compared on Verilator since the program started."""

    def __init__(self, block: Elaboratable) -> None:
        self._block = block
        self._simulator = Simulator(block)
        self._recording = Recording()

    def add_clock(self, period: float) -> None:
        """The only clock."""
        self._simulator.add_clock(period)

    def add_testbench(self, bench: Bench, *, background: bool = False) -> None:
        """A testbench, recorded."""

        async def recorded(context: Any) -> None:
            await bench(RecordingContext(context, self._recording))

        self._simulator.add_testbench(recorded, background=background)

    def run(self) -> None:
        """Until every testbench in the foreground is over; raises where Verilator's block does otherwise."""
        self._simulator.run()
        type(self).replayed += replay(self._block, self._recording)


def replay(block: Elaboratable, recording: Recording) -> int:
    """Repeat a recording on the block's Verilog; the number of values compared, at least one."""
    verilog = _verilog(block, recording)
    inputs = {int(number) for number in re.findall(r"^\s*input\b.*\bport_(\d+);", verilog, re.MULTILINE)}
    events = [event for event in recording.events if event[0] != GET or event[1] not in inputs]
    compared = sum(event[0] == GET for event in events)
    driven = {event[1] for event in events if event[0] == SET}
    names = [signal.name for signal in recording.ports]
    if driven - inputs:
        raise ValueError(f"a bench must drive inputs only, not {[names[number] for number in driven - inputs]}")
    if not compared:
        raise ValueError("a bench must look at an output")
    start = [(SET, number, recording.ports[number].init & _mask(recording.ports[number])) for number in sorted(inputs)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "recording.json").write_text(json.dumps({"names": names, "events": [*start, *events]}))
        variables = {"TILELOOM_RECORDING": str(path / "recording.json")}
        run_bench(verilog, TOP, "tests.blocks.replay_bench", path, variables, ports=("clk", "rst", "port_*"))
    return compared


def _mask(signal: Signal) -> int:
    return (1 << len(signal)) - 1


def _verilog(block: Elaboratable, recording: Recording) -> str:
    ports = {f"port_{number}": (signal, None) for number, signal in enumerate(recording.ports)}
    netlist: str = rtlil.convert(block, TOP, VerilogMemories(), ports=ports, emit_src=False)
    text: str = verilog_from_rtlil(netlist)
    return "\n".join([MEMORY_MODULE, text])
