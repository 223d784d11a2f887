"""What is read from place and route's report of a board with a second clock."""

from typing import Any

from tileloom.fpga.timing_path import slowest_path


def path(clocks: tuple[str, str], start: str, end: str, *delays: float) -> dict[str, Any]:
    """A path as nextpnr reports it."""
    cells = {"from": {"cell": start}, "to": {"cell": end}, "type": "logic"}
    return {"from": clocks[0], "to": clocks[1], "path": [{**cells, "delay": delay} for delay in delays]}


def test_the_slowest_path_of_all_clocks() -> None:
    """Paths from and to pins, which have no clock, do not count; nor does the clock that is named first."""
    report = {
        "critical_paths": [
            path(("sdram", "sdram"), "pads.clock.enable", "pads.clock.pad", 0.5, 1.3),
            path(("system", "system"), "memory.controller.place", "memory.controller.hit", 5.0, 11.0),
            path(("<async>", "system"), "rx", "stage", 40.0),
            path(("slow", "slow"), "nothing", "nothing"),
        ]
    }
    found = slowest_path(report)
    assert found is not None
    assert found.nanoseconds == 16.0 and found.start == "board's memory, place in controller"
    assert slowest_path({"critical_paths": report["critical_paths"][2:]}) is None
