"""The clock of an ECP5 board: one PLL from the board's oscillator, and a reset that ends when it has locked."""

from dataclasses import dataclass

from amaranth import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In

VCO_HZ = (400_000_000, 800_000_000)
"""Range of the EHXPLLL's oscillator (Lattice FPGA-TN-02200, ECP5 sysCLOCK PLL)."""
PHASE_HZ = (3_125_000, 400_000_000)
"""Range of the phase detector's input (the same document)."""


@dataclass(frozen=True)
class PllSetting:
    """Dividers of the EHXPLLL with feedback from its first output: ``clock = input * feedback / reference``."""

    reference: int
    feedback: int
    output: int
    clock_hz: int


def pll_setting(input_hz: int, clock_hz: int) -> PllSetting:
    """The setting nearest to ``clock_hz`` and not above it; among equals, the oscillator nearest to 600 MHz.

    >>> pll_setting(25_000_000, 100_000_000)
    PllSetting(reference=1, feedback=4, output=6, clock_hz=100000000)
    """
    best: tuple[int, int, PllSetting] | None = None
    for reference in range(1, 33):
        if not PHASE_HZ[0] <= input_hz // reference <= PHASE_HZ[1]:
            continue
        for feedback in range(1, 81):
            clock = input_hz * feedback // reference
            if clock > clock_hz:
                break
            for output in range(1, 129):
                if VCO_HZ[0] <= clock * output <= VCO_HZ[1]:
                    rank = (clock_hz - clock, abs(clock * output - 600_000_000))
                    if best is None or rank < best[:2]:
                        best = (*rank, PllSetting(reference, feedback, output, clock))
    if best is None:
        raise ValueError(f"clock_hz must be reachable from {input_hz} Hz by an ECP5 PLL, not {clock_hz}")
    return best[2]


def phase_setting(setting: PllSetting, lead_ns: float) -> tuple[int, int]:
    """Coarse and fine phase of an output of the first one's frequency that leads it by ``lead_ns``.

    The coarse phase counts periods of the oscillator, the fine one eighths of them; the first output's is that of no
    shift, ``output - 1`` and 0.

    >>> phase_setting(PllSetting(reference=1, feedback=4, output=6, clock_hz=100000000), 4.0)
    (8, 5)
    """
    period_ns = 1e9 / setting.clock_hz
    eighths = round((period_ns - lead_ns) % period_ns / period_ns * setting.output * 8)
    return setting.output - 1 + eighths // 8, eighths % 8


class Ecp5Clock(wiring.Component):
    """Drives domain ``sync`` from ``oscillator`` through an EHXPLLL; reset until it locks.

    Parameters
    ----------
    input_hz, clock_hz : of the oscillator and of ``sync``
    lead_ns : if given, domain ``sdram`` has the same frequency and leads ``sync`` by so much

    Members
    -------
    oscillator : the board's clock pin

    Attributes
    ----------
    clock : the PLL's output, for a timing constraint
    """

    oscillator: In(1)

    def __init__(self, input_hz: int, clock_hz: int, lead_ns: float | None = None) -> None:
        self.setting = pll_setting(input_hz, clock_hz)
        self.clock = Signal(name="system_clock")
        self.lead_ns = lead_ns
        super().__init__()

    def domains(self) -> list[ClockDomain]:
        """The domains that it drives, which its parent adds."""
        return [ClockDomain("sync"), *([] if self.lead_ns is None else [ClockDomain("sdram", reset_less=True)])]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        locked = Signal()
        second: dict[str, object] = {}
        if self.lead_ns is not None:
            coarse, fine = phase_setting(self.setting, self.lead_ns)
            second = {
                "p_CLKOS_DIV": self.setting.output,
                "p_CLKOS_ENABLE": "ENABLED",
                "p_CLKOS_CPHASE": coarse,
                "p_CLKOS_FPHASE": fine,
                "o_CLKOS": ClockSignal("sdram"),
            }
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=self.setting.reference,
            p_CLKFB_DIV=self.setting.feedback,
            p_CLKOP_DIV=self.setting.output,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=self.setting.output - 1,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            p_OUTDIVIDER_MUXA="DIVA",
            i_CLKI=self.oscillator,
            i_CLKFB=self.clock,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_ENCLKOP=0,
            i_PLLWAKESYNC=0,
            o_CLKOP=self.clock,
            o_LOCK=locked,
            **second,
        )
        m.d.comb += ClockSignal("sync").eq(self.clock)
        m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
        return m
