"""Single cells in one Verilog module, each with pins of its own at two wide ports, driven with the same numbers."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from tileloom.fpga.netlist import cell_models
from tileloom.fpga.netlist.cell_models import MODELS, CellModel
from tileloom.fpga.netlist.netlist import Bit, Cell, Netlist, Port
from tileloom.fpga.netlist.verilog import netlist_verilog
from tileloom.hw.verilator import compile_model, link_library

TOP = "bench"
DRIVER = """\
#include <cstdint>
#include <cstring>
#include "Vbench.h"
extern "C" void bench_run(const uint32_t* inputs, uint32_t* outputs, int cycles) {
    VerilatedContext context;
    Vbench top(&context);
    for (int cycle = 0; cycle < cycles; ++cycle) {
        std::memcpy(&top.i, inputs + cycle * IN_WORDS, 4 * IN_WORDS);
        top.clk = 0;
        top.eval();
        std::memcpy(outputs + cycle * OUT_WORDS, &top.o, 4 * OUT_WORDS);
        top.clk = 1;
        top.eval();
    }
    top.final();
}
"""


@dataclass(frozen=True)
class Case:
    """A cell in a mode. Settings as in a netlist; pins given here are constants, all others are driven."""

    kind: str
    settings: dict[str, str]
    widths: dict[str, int]
    """Pins of more than one bit."""

    @property
    def inputs(self) -> list[tuple[str, int]]:
        """Driven pins and their widths; not the clock."""
        model = MODELS[self.kind]
        names = [name for name in (*model.inputs, *model.idle) if name not in model.clocks]
        return [(name, self.widths.get(name, 1)) for name in names]

    @property
    def outputs(self) -> list[tuple[str, int]]:
        """Observed pins and their widths."""
        return [(name, self.widths.get(name, 1)) for name in MODELS[self.kind].outputs]


def numbers(*counts: int) -> Iterator[range]:
    """Consecutive ranges of so many numbers.

    >>> list(numbers(2, 1))
    [range(0, 2), range(2, 3)]
    """
    begin = 0
    for count in counts:
        yield range(begin, begin + count)
        begin += count


class Bench:
    """All cases side by side; use :meth:`run` for any number of stimuli.

    Parameters
    ----------
    folder : where the bench is compiled
    models : Verilog of the cells, instead of the project's own
    """

    def __init__(self, cases: Sequence[Case], folder: Path, models: str | None = None) -> None:
        self.cases = cases
        ins = [width for case in cases for _, width in case.inputs]
        outs = [width for case in cases for _, width in case.outputs]
        self.in_bits, self.out_bits = sum(ins), sum(outs)
        self.in_words, self.out_words = max(3, -(-self.in_bits // 32)), max(3, -(-self.out_bits // 32))
        netlist = self._netlist(list(numbers(*ins)), list(numbers(*outs)))
        if models is None:
            text = netlist_verilog(netlist)
        else:
            with patch.dict(cell_models.MODELS, {kind: _told_all(model) for kind, model in MODELS.items()}):
                text = netlist_verilog(netlist)
            text = text[: text.index("endmodule") + len("endmodule\n")] + models
        self._library = self._compile(text, folder)

    def _netlist(self, ins: list[range], outs: list[range]) -> Netlist:
        clock, first_in = 0, 1
        first_out = first_in + 32 * self.in_words
        ports = (
            Port("clk", True, (clock,)),
            Port("i", True, tuple(range(first_in, first_out))),
            Port("o", False, tuple(range(first_out, first_out + 32 * self.out_words))),
        )
        cells = []
        places, shown = iter(ins), iter(outs)
        for index, case in enumerate(self.cases):
            pins: dict[str, tuple[Bit, ...]] = {name: (clock,) for name in MODELS[case.kind].clocks}
            for name, _ in case.inputs:
                pins[name] = tuple(first_in + number for number in next(places))
            for name, _ in case.outputs:
                pins[name] = tuple(first_out + number for number in next(shown))
            cells.append(Cell(f"case{index}", case.kind, case.settings, pins))
        return Netlist(TOP, ports, tuple(cells))

    def _compile(self, text: str, folder: Path) -> ctypes.CDLL:
        folder.mkdir(exist_ok=True)
        verilog, driver, library = folder / "bench.v", folder / "bench.cpp", folder / "bench.so"
        verilog.write_text(text, encoding="utf-8")
        driver.write_text(DRIVER, encoding="utf-8")
        compile_model(verilog, TOP, folder / "model", jobs=2, split=20_000)
        words = {"IN_WORDS": self.in_words, "OUT_WORDS": self.out_words}
        link_library(driver, folder, folder / "model", TOP, words, library)
        return ctypes.CDLL(str(library))

    def run(self, stimulus: Sequence[list[dict[str, int]]]) -> list[list[dict[str, int]]]:
        """For every case and cycle the outputs before the clock edge, for the inputs of that cycle."""
        cycles = len(stimulus[0])
        given = np.zeros((cycles, 32 * self.in_words), np.uint8)
        places = numbers(*(width for case in self.cases for _, width in case.inputs))
        for case, steps in zip(self.cases, stimulus, strict=True):
            for name, width in case.inputs:
                given[:, next(places)] = _bits([step[name] for step in steps], width)
        packed = np.packbits(given, axis=1, bitorder="little").copy()
        got = np.zeros((cycles, 4 * self.out_words), np.uint8)
        self._library.bench_run(ctypes.c_void_p(packed.ctypes.data), ctypes.c_void_p(got.ctypes.data), cycles)
        shown = np.unpackbits(got, axis=1, bitorder="little")
        places = numbers(*(width for case in self.cases for _, width in case.outputs))
        results = []
        for case in self.cases:
            columns = {name: _values(shown[:, next(places)]) for name, _ in case.outputs}
            results.append([{name: values[cycle] for name, values in columns.items()} for cycle in range(cycles)])
        return results


def _told_all(model: CellModel) -> CellModel:
    """The same with every setting handed to it, as another model of the cell may need."""
    return replace(model, settings={**model.settings, **model.ignored}, ignored={})


def _bits(values: list[int], width: int) -> npt.NDArray[np.uint8]:
    return np.array([[value >> bit & 1 for bit in range(width)] for value in values], np.uint8)


def _values(bits: npt.NDArray[np.uint8]) -> list[int]:
    return [sum(int(bit) << place for place, bit in enumerate(row)) for row in bits]
