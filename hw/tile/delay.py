"""Delay lines: a value a number of cycles later."""

from typing import Any

from amaranth.hdl import Module, Signal


def delayed(m: Module, value: Any, cycles: int, name: str, *, reset_less: bool = False) -> list[Any]:
    """The value 0, 1 ... ``cycles`` cycles later; element 0 is ``value`` itself.

    Control bits keep their reset, so that nothing is under way after it; pure data says ``reset_less``.
    """
    if cycles < 0:
        raise ValueError(f"cycles must be at least 0, not {cycles!r}")
    taps = [value]
    for cycle in range(1, cycles + 1):
        tap = Signal(value.shape(), name=f"{name}_{cycle}", reset_less=reset_less)
        m.d.sync += tap.eq(taps[-1])
        taps.append(tap)
    return taps
