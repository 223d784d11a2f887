"""What every proof is made of: a component whose inputs may do anything, and properties around it."""

from typing import Any

from amaranth.hdl import Assume, ClockDomain, Const, Elaboratable, Fragment, Instance, Module, ShapeLike, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In


class Proof(Elaboratable):
    """A component under proof. Subclasses add assumptions, assertions and covers in :meth:`properties`.

    Every input of the component that the properties do not drive takes any value in any cycle. So does the reset: all
    that is proven holds after a reset in any cycle too, when control registers begin anew while data registers and
    memories keep what they held. Registers of the properties are reset along with the component.
    """

    def __init__(self, component: wiring.Component) -> None:
        self.component = component
        self.domain = ClockDomain("sync")
        self.ports: list[Signal] = [self.domain.clk, self.domain.rst]
        for _, member, value in component.signature.flatten(component):
            if member.flow is In and not isinstance(value, Const):  # a stream that is always taken is a constant
                self.ports.append(Value.cast(value))

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.domains.sync = self.domain
        m.submodules.component = self._fragment = Fragment.get(self.component, None)
        self.properties(m, self.component)
        return m

    def properties(self, m: Module, component: Any) -> None:
        """Add the registers, assumptions, assertions and covers."""
        raise NotImplementedError

    def register(self, name: str) -> Signal:
        """A register of the component (not of its parts), for invariants that its ports do not show."""
        found = [signal for signal in self._fragment.statements.get("sync", [])._lhs_signals() if signal.name == name]
        if len(found) != 1:
            raise ValueError(f"{type(self.component).__name__} has {len(found)} registers named {name}, not one")
        return found[0]

    def free(self, shape: ShapeLike, name: str) -> Signal:
        """A signal of any value in any cycle."""
        value = Signal(shape, name=name)
        self.ports.append(Value.cast(value))
        return value


def constant(m: Module, shape: ShapeLike, name: str) -> Signal:
    """Any value, the same in all cycles and over resets; :mod:`tests.formal.run` makes it yosys' own cell."""
    value = Signal(shape, name=name)
    m.submodules[f"constant_{name}"] = Instance("any_constant", p_WIDTH=len(Value.cast(value)), o_Y=value)
    return value


def anything(m: Module, signal: Signal) -> None:
    """Let ``signal``, of a part that stands in for another one, take any value in any cycle."""
    m.submodules[f"any_{signal.name}"] = Instance("any_sequence", p_WIDTH=len(Value.cast(signal)), o_Y=signal)


def before(m: Module, value: Value, name: str, init: int = 0) -> Signal:
    """The value of the cycle before; ``init`` in the first cycle and after a reset. Not within an ``m.If``."""
    kept = Signal(Value.cast(value).shape(), name=f"{name}_before", init=init)
    m.d.sync += kept.eq(value)
    return kept


def assume(m: Module, *conditions: Value) -> None:
    """Leave out all that meets not every one of the conditions."""
    for condition in conditions:
        m.d.comb += Assume(condition)
