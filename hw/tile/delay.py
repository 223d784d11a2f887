"""Delay lines: a value a number of cycles later."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data


def delayed(m: Module, value: Any, cycles: int, name: str, *, reset_less: bool = False) -> list[Any]:
    """The value 0, 1 ... ``cycles`` cycles later; element 0 is ``value`` itself.

    Control bits keep their reset, so that nothing is under way after it; pure data says ``reset_less``. All stages are
    one register.
    """
    if cycles < 0:
        raise ValueError(f"cycles must be at least 0, not {cycles!r}")
    if cycles == 0:
        return [value]
    bits = Value.cast(value)
    width = len(bits)
    line = Signal(width * cycles, name=f"{name}_line", reset_less=reset_less)
    m.d.sync += line.eq(Cat(bits, line[: width * (cycles - 1)]))
    return [value, *(_like(value, line[width * i : width * (i + 1)]) for i in range(cycles))]


def _like(value: Any, bits: Value) -> Any:
    if isinstance(value, data.View):
        return data.View(value.shape(), bits)
    return bits.as_signed() if Value.cast(value).shape().signed else bits
