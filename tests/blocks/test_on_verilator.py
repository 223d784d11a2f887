"""Every bench of a block that drives Amaranth's simulator, repeated on Verilator by cocotb."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.blocks.recording import Recording, RecordingContext, RepeatingSimulator, replay

FOLDERS = {
    "tests.hw_dma": ("test_loops", "test_read_path", "test_smart_dma"),
    "tests.hw_tile": ("test_back_end_stages", "test_banked_memory", "test_blocks"),
    "tests.hw_top": ("test_descriptor_queue", "test_registers_axi", "test_run_control", "test_sequencer"),
    "tests.fpga": ("test_board_memory", "test_link"),
}
"""Files of benches; those that run on Verilator from the start, as the tile's, are not among them."""
QUICK = ("test_descriptor_queue::test_queue_against_model", "test_back_end_stages::test_element_add")
"""Repeated in `make test`, each with its first parameters."""
HELPERS = ("tests.hw_tile.drive", "tests.hw_dma.bench")


def _benches() -> list[Any]:
    """One parameter a test function with its parameters: the function, bound, named as its test is."""
    found: list[Any] = []
    for folder, files in FOLDERS.items():
        for file in files:
            module = importlib.import_module(f"{folder}.{file}")
            for name, function in vars(module).items():
                if name.startswith("test_") and getattr(function, "__module__", "") == module.__name__:
                    found += _bound(f"{file}::{name}", function)
    return found


def _bound(name: str, function: Callable[..., None]) -> list[Any]:
    """A test function for every combination of its parameters."""
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            arguments, values = mark.args[0], [getattr(value, "values", value) for value in mark.args[1]]
            names = [a.strip() for a in arguments.split(",")] if isinstance(arguments, str) else list(arguments)
            rows = [
                dict(zip(names, v if len(names) > 1 or isinstance(v, tuple) else (v,), strict=True)) for v in values
            ]
            cases = [{**case, **row} for case in cases for row in rows]
    quick = name in QUICK
    return [
        pytest.param(
            function,
            case,
            id=f"{name}[{'-'.join(map(str, case.values()))}]",
            marks=() if quick and number == 0 else pytest.mark.full,
        )
        for number, case in enumerate(cases)
    ]


@pytest.mark.parametrize(("function", "arguments"), _benches())
def test_bench(function: Callable[..., None], arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (function.__module__, *HELPERS):
        monkeypatch.setattr(importlib.import_module(name), "Simulator", RepeatingSimulator, raising=False)
    before = RepeatingSimulator.replayed
    function(**arguments)
    if RepeatingSimulator.replayed == before:
        pytest.skip("no bench of a block: nothing is simulated")


class Counter(wiring.Component):
    """Counts enabled cycles; with a ``fault`` it counts every one."""

    def __init__(self, fault: bool = False) -> None:
        self.fault = fault
        super().__init__({"enable": In(1), "count": Out(8)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        with m.If(self.enable | self.fault):
            m.d.sync += self.count.eq(self.count + 1)
        return m


def test_a_block_that_differs_is_found() -> None:
    right, wrong = Counter(), Counter(fault=True)
    recording = Recording()

    class Context:
        """A counter that is right."""

        def __init__(self) -> None:
            self.values = {"count": 0, "enable": 0}

        def get(self, signal: Signal) -> int:
            return self.values[signal.name]

        def set(self, signal: Signal, value: int) -> None:
            self.values[signal.name] = value

        async def tick(self) -> None:
            self.values["count"] += self.values["enable"]

    async def bench(context: RecordingContext) -> None:
        for enable in (1, 1, 0, 1):
            context.set(wrong.enable, enable)
            await context.tick()
            context.get(wrong.count)

    coroutine = bench(RecordingContext(Context(), recording))
    with pytest.raises(StopIteration):
        coroutine.send(None)
    with pytest.raises(AssertionError, match="cycle 3: count must be 0x2, is 0x3 on Verilator"):
        replay(wrong, recording)
    recording.ports = [getattr(right, signal.name) for signal in recording.ports]
    assert replay(right, recording) == 4
