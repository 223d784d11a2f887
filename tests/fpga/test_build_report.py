"""What is read from place and route's report."""

from typing import Any

from tileloom.fpga.build import _critical_path


def path(clocks: tuple[str, str], start: str, end: str, *delays: float) -> dict[str, Any]:
    """A path as nextpnr reports it."""
    steps = [{"from": {"cell": start}, "to": {"cell": end}, "delay": delay} for delay in delays]
    return {"from": clocks[0], "to": clocks[1], "path": steps}


def test_the_slowest_path_of_all_clocks() -> None:
    """Paths from and to pins, which have no clock, do not count; nor does the clock that is named first."""
    report = {
        "critical_paths": [
            path(("sdram", "sdram"), "enable", "pad", 0.5, 1.3),
            path(("system", "system"), "popped", "cycles", 5.0, 11.0),
            path(("<async>", "system"), "rx", "stage", 40.0),
            path(("slow", "slow"), "nothing", "nothing"),
        ]
    }
    assert _critical_path(report) == "popped -> cycles"
    assert _critical_path({"critical_paths": []}) == ""
