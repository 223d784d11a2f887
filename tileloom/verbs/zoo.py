"""``zoo``: the trained networks that ship with tileloom."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.document import Document, Kind
from tileloom.refusal import refuse
from tileloom.tables import Table


@dataclass(frozen=True)
class ZooRow:
    """One network; its name can be given wherever a model is asked for."""

    name: str
    macs: int
    parameters: int
    summary: str


@dataclass(frozen=True, kw_only=True)
class ZooDocument(Document):
    """The networks."""

    command: ClassVar[str] = "zoo"
    table: ClassVar[Mapping[str, Kind]] = {"models": Kind.COUNTED}
    models: tuple[ZooRow, ...]
    saved: str | None = None
    """File that the network was copied to."""

    def tables(self) -> list[Table]:
        """One row for each network."""
        rows = tuple((row.name, row.macs, row.parameters, row.summary) for row in self.models)
        note = f"Written to {self.saved}." if self.saved else ""
        return [Table("", ("name", "MACs", "parameters", ""), rows, note)]


def zoo(name: str | None = None, *, output: str | Path | None = None) -> ZooDocument:
    """Every network, or only ``name``; with ``output`` that one's ONNX file is copied there.

    Raises ``ModelError`` TL401 for an unknown name, TL409 for ``output`` without one, TL408 where the file cannot be
    written.
    """
    from tileloom.files import write
    from tileloom.models.zoo import MODELS

    chosen = tuple(model for model in MODELS if name is None or model.name == name)
    if name is not None and not chosen:
        names = ", ".join(model.name for model in MODELS)
        raise refuse("TL401", name, "there is no zoo network of this name", "", f"name one of {names}")
    if output is not None and name is None:
        raise refuse(
            "TL409", str(output), "one network is written at a time", "all of them", "name one before --output"
        )
    rows = tuple(ZooRow(model.name, model.macs, model.parameters, model.summary) for model in chosen)
    if output is not None and name is not None:
        write(Path(output), chosen[0].path.read_bytes())
        return ZooDocument(models=rows, saved=str(output))
    return ZooDocument(models=rows)
