"""Drives a component in Amaranth's simulator."""

from collections.abc import Awaitable, Callable
from typing import Any

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator


def simulate(component: Elaboratable, bench: Callable[[Any], Awaitable[None]]) -> None:
    """Run ``bench`` on the component, with a clock."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
