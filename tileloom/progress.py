"""How long work reports where it is: a bar with the remaining time on a terminal, an occasional line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Watch = Callable[[str, int, int], None]
"""``watch(stage, done, total)``: called at the start of a stage (0 done) and as it goes on; ``total`` 0 is unknown."""

QUIET_SECONDS = 5.0
"""Least distance of two lines where standard error is not a terminal."""


def unwatched(stage: str, done: int, total: int) -> None:
    """For callers who do not want to know."""


@contextmanager
def watching(console: "Console") -> Iterator[Watch]:
    """A watch that shows on ``console`` (standard error) what is going on, and clears it in the end."""
    if not console.is_terminal:
        yield _lines(console)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}"),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, int] = {}

        def watch(stage: str, done: int, total: int) -> None:
            count = f"{done:,}/{total:,}" if total else ""
            left = "remaining" if total else ""
            if stage not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)  # type: ignore[arg-type]
                tasks[stage] = bar.add_task(stage, total=total or None, count=count, left=left)
            bar.update(tasks[stage], completed=done, total=total or None, count=count, left=left)  # type: ignore[arg-type]

        yield watch


def _lines(console: "Console") -> Watch:
    started = last = time.monotonic()

    def watch(stage: str, done: int, total: int) -> None:
        nonlocal started, last
        now = time.monotonic()
        if not done:
            started = now
        if now - last < QUIET_SECONDS:
            return
        last = now
        remaining = f", {(now - started) / done * (total - done):.0f} s remaining" if done and total else ""
        count = f" {done:,}/{total:,}" if total else ""
        console.print(f"{stage}{count}{remaining} ...", highlight=False)

    return watch
