"""A real local Dask cluster of two worker processes, one of which is killed in the middle: nothing is lost."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from tileloom import api

SPACE = """
base = "small"
[vary]
tiles_x = [1, 2, 3, 4]
lanes = [3, 4, 5, 6, 8]
columns = [2, 4]
"""


@pytest.mark.full
def test_a_killed_worker_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILELOOM_CACHE", str(tmp_path / "cache"))
    space = tmp_path / "space.toml"
    space.write_text(SPACE)
    expected = api.explore("digits_modern", space=space, processes=1, cached=False)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        killed: list[int] = []

        def kill() -> None:
            victim = next(iter(client.run(os.getpid).values()))
            while not any(client.processing().values()):
                time.sleep(0.02)
            time.sleep(0.3)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

        killer = threading.Thread(target=kill)
        killer.start()
        found = api.explore("digits_modern", space=space, scheduler=cluster.scheduler_address, cached=False)
        killer.join()
    assert killed
    assert found.points == expected.points > 10 and found.front == expected.front
