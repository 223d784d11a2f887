"""The timeline as a trace that Perfetto and Chrome open: one thread a tile, jobs and what lies between them.

The format is Chrome's trace events (the "JSON Array Format" of the Trace Event Format document), a microsecond of the
viewer standing for a cycle.
"""

import json
from typing import Any

from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import CAUSE_TEXTS
from tileloom.hw.spec.result import FrameTiming

CATEGORY_JOB, CATEGORY_WAIT = "job", "wait"


def perfetto(program: Program, frame: FrameTiming) -> str:
    """The trace as JSON text; equal frames give equal text."""
    layers = {job.tag: job for job in program.jobs}
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 0, "name": "process_name", "args": {"name": f"{program.name} on {program.target.name}"}}
    ]
    for tile in range(program.target.tiles):
        name = f"tile {tile} ({tile % program.target.tiles_x}, {tile // program.target.tiles_x})"
        events.append({"ph": "M", "pid": 0, "tid": tile, "name": "thread_name", "args": {"name": name}})
    for job in frame.trace:
        layer = layers.get(job.tag)
        event = {"name": layer.name if layer else f"job {job.tag}", "cat": CATEGORY_JOB}
        arguments = {"op": layer.op, "source": layer.source, "mapping": layer.mapping} if layer else {}
        events.append(_span(event, job.tile, job.start, job.end + 1, {"tag": job.tag, **arguments}))
    for wait in frame.waits:
        event = {"name": wait.cause.name.lower(), "cat": CATEGORY_WAIT}
        events.append(_span(event, wait.tile, wait.start, wait.end, {"why": CAUSE_TEXTS[wait.cause]}))
    document = {"displayTimeUnit": "ns", "otherData": {"cycles": frame.cycles}, "traceEvents": events}
    return json.dumps(document, separators=(",", ":")) + "\n"


def _span(event: dict[str, Any], tile: int, start: int, end: int, arguments: dict[str, Any]) -> dict[str, Any]:
    return {**event, "ph": "X", "pid": 0, "tid": tile, "ts": start, "dur": end - start, "args": arguments}
