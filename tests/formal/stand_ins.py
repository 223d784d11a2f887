"""Parts that stand in for others within a proof: they do whatever the others are proven to do, and more."""

from collections.abc import Callable
from typing import Any, ClassVar
from unittest.mock import patch

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.formal.proof import Proof, anything
from tileloom.hw.interfaces import ConfigurationLine


class AnyDescriptors(wiring.Component):
    """In the place of a descriptor queue: any descriptor at any time."""

    def __init__(self, words: int, _depth_words: int, _kept: None = None) -> None:
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "words": Out(32 * words),
                "valid": Out(1),
                "take": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.comb += self.configuration.room.eq(1)
        for signal in (self.words, self.valid, self.idle):
            anything(m, signal)
        return m


class ProofWithStandIns(Proof):
    """A proof in which classes that the component's file uses are replaced, by name, while it is made."""

    stand_ins: ClassVar[dict[str, Callable[..., Any]]]

    def __init__(self, kind: Any, *arguments: Any) -> None:
        self.patched = patch.dict(kind.__init__.__globals__, self.stand_ins)
        with self.patched:
            super().__init__(kind(*arguments))

    def elaborate(self, platform: object) -> Module:
        with self.patched:
            return super().elaborate(platform)
