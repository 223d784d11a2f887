"""``repro``: the smallest network that fails like a given one, without its weights: for a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import DEFAULT_TARGET
from tileloom.document import Document, Kind
from tileloom.failure import Failure, Stage, failures
from tileloom.files import require_writable, write
from tileloom.hw.spec.config import Target, load_target
from tileloom.model_argument import find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Cell, Table, facts

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, kw_only=True)
class ReproDocument(Document):
    """A network that fails, and what is left of it."""

    command: ClassVar[str] = "repro"
    table: ClassVar[Mapping[str, Kind]] = {
        name: Kind.COUNTED for name in ("nodes", "nodes_left", "weights_randomised", "networks_tried")
    }
    model: str
    stage: str
    """The step that fails: check, compile or verify."""
    code: str
    """Of the problem; empty for an exception."""
    failure: str
    """Its sentence, of the shrunken network."""
    nodes: int
    nodes_left: int
    operators: tuple[str, ...]
    """Those that are left, in order."""
    weights_randomised: int
    weights_kept: tuple[str, ...]
    """Weights without whose own numbers the failure is gone."""
    networks_tried: int
    output: str | None

    def tables(self) -> list[Table]:
        """What is left."""
        rows: list[tuple[str, Cell, str]] = [
            ("fails at", self.stage, ""),
            ("nodes", self.nodes, Kind.COUNTED),
            ("nodes left", self.nodes_left, Kind.COUNTED),
            ("operators left", ", ".join(self.operators), ""),
            ("weights with random numbers", self.weights_randomised, Kind.COUNTED),
            ("weights that kept theirs", ", ".join(self.weights_kept) or "none", ""),
            ("networks tried", self.networks_tried, Kind.COUNTED),
        ]
        written = f"\nWritten to {self.output}." if self.output else ""
        return [facts(f"{self.model}, shrunk", rows, f"{self.failure}{written}")]


def repro(
    model: str | Path,
    *,
    code: str | None = None,
    target: str | Path | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    watch: Watch = unwatched,
) -> ReproDocument:
    """Shrink a failing network and write it to ``output`` (None: nowhere).

    ``code`` picks one of several problems; else it is the first. Steps are tried in the order check, compile, verify.
    Raises ``ModelError`` TL409 where nothing fails, or not with that code.
    """
    from tileloom.compiler.passes.load import load
    from tileloom.shrink import shrink

    argument = find(model)
    if output is not None:
        require_writable(Path(output))
    machine = load_target(target or DEFAULT_TARGET)
    watch("looking for the failure", 0, 0)
    loaded = load(argument.network("repro")).model
    stage, failure, known = _failure(loaded, code, machine, argument.name)
    tried = 0

    def fails(candidate: "onnx.ModelProto") -> bool:
        nonlocal tried
        tried += 1
        watch(f"shrinking: network {tried}", 0, 0)
        kinds = {found.kind for found in failures(candidate, stage, machine)}
        # A part that fails for a reason of its own as well would say that one, perhaps first.
        return failure.kind in kinds and kinds <= known

    found = shrink(loaded, failure.node, fails, seed)
    last = next((each for each in failures(found.model, stage, machine) if each.kind == failure.kind), failure)
    if output is not None:
        write(Path(output), found.model.SerializeToString())
    return ReproDocument(
        model=argument.name,
        stage=stage,
        code=failure.code,
        failure=last.text,
        nodes=len(loaded.graph.node),
        nodes_left=len(found.model.graph.node),
        operators=tuple(node.op_type for node in found.model.graph.node),
        weights_randomised=found.randomised,
        weights_kept=found.kept,
        networks_tried=found.tried,
        output=None if output is None else str(output),
    )


def _failure(
    model: "onnx.ModelProto", code: str | None, target: Target, name: str
) -> tuple[Stage, Failure, set[tuple[str, str]]]:
    """The first step that fails, its first failure with the wanted code, and the kinds of all its failures."""
    seen: list[str] = []
    for stage in Stage:
        found = failures(model, stage, target)
        for failure in found:
            if code is None or failure.code == code.upper():
                return stage, failure, {each.kind for each in found}
        if found:
            seen = sorted({failure.code for failure in found})
            break
    rule = "a network to shrink must fail" + (f" with {code.upper()}" if code else "")
    value = f"one that fails with {', '.join(seen)}" if seen else "one that can be checked, compiled and run"
    raise refuse("TL409", name, rule, value, "leave --code out" if seen else "there is nothing to report")
