"""The layers as a table: for the page, and as a CSV file with every digit."""

import csv
import io
from collections.abc import Sequence

from tileloom.hw.spec.registers import Cause
from tileloom.layer_figures import LayerFigures

CAUSES = tuple(cause.name.lower() for cause in Cause if cause is not Cause.RUN)
COLUMNS = (
    "number",
    "name",
    "op",
    "source",
    "mapping",
    "cycles",
    "macs",
    "utilisation",
    "roofline_efficiency",
    "dram_bytes",
    "dram_bytes_minimum",
    "latency_s",
    "gops",
    "energy_j",
    "power_w",
    *(f"stall_{cause}" for cause in CAUSES),
)


def layers_csv(layers: Sequence[LayerFigures], mappings: Sequence[str]) -> str:
    """One line a layer under :data:`COLUMNS`; a figure that there is not is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, (layer, mapping) in enumerate(zip(layers, mappings, strict=True), 1):
        figures = (getattr(layer, name) for name in COLUMNS[5:15])
        stalls = (layer.stall_cycles.get(cause, 0) for cause in CAUSES)
        writer.writerow((number, layer.name, layer.op, layer.source, mapping, *figures, *stalls))
    return file.getvalue()
