"""``check``: everything that stands between a network and a program, at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compiler.problems import ModelError, Problem
from tileloom.document import Document, Kind
from tileloom.model_argument import Model, ModelArgument, find
from tileloom.note_lines import note_lines
from tileloom.pass_files import PassFiles
from tileloom.tables import Cell, Table

if TYPE_CHECKING:
    from tileloom.compiler.network import Network
    from tileloom.hw.spec.program import Program


@dataclass(frozen=True)
class Port:
    """One input or output; its shape is the user's, without the batch axis."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class CheckDocument(Document):
    """``problems`` is empty for a network that the front end accepts, and for a program that passes its loader."""

    command: ClassVar[str] = "check"
    table: ClassVar[Mapping[str, Kind]] = {
        "nodes": Kind.COUNTED,
        "inputs[].shape": Kind.COUNTED,
        "outputs[].shape": Kind.COUNTED,
    }
    model: str
    accepted: bool
    nodes: int | None = None
    """Operators that are left after folding constants; of a program, its jobs."""
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """What was read; or how often each rule is broken, beside the sentences that name every place."""
        if self.accepted:
            ports: list[tuple[Cell, ...]] = [("input", port.name, _shape(port)) for port in self.inputs]
            ports += [("output", port.name, _shape(port)) for port in self.outputs]
            note = "\n".join([*note_lines(self.notes), f"{self.nodes} operators, no problem found."])
            return [Table(self.model, ("", "name", "shape"), tuple(ports), note)]
        return [_grouped(self.model, self.problems)]


def check(model: Model, *, save_passes: str | Path | None = None) -> CheckDocument:
    """Check an ONNX file, zoo network or program file without compiling it.

    ``save_passes`` is a folder that gets the network after every pass, as ONNX files, as far as it comes.

    Raises ``ModelError`` TL401 where there is no such model, ``ProgramError`` for a program that cannot be used;
    whatever is wrong with a network is in ``problems``.
    """
    argument = find(model)
    folder = None if save_passes is None else Path(save_passes)
    if argument.is_program:
        return _of_program(argument, argument.program())
    from tileloom.compiler.frontend import DEFAULT_SETTINGS, read_model

    try:
        return _of_network(
            argument, read_model(argument.path, PassFiles(folder), argument.settings or DEFAULT_SETTINGS)
        )
    except ModelError as error:
        return CheckDocument(model=argument.name, accepted=False, problems=error.problems)


def _of_network(argument: ModelArgument, network: "Network") -> CheckDocument:
    from tileloom.compiler.frontend import simplify

    def ports(names: Sequence[str]) -> tuple[Port, ...]:
        return tuple(Port(name, tuple(network.shapes[name][1:])) for name in names)

    return CheckDocument(
        model=argument.name,
        accepted=True,
        nodes=len(network.order),
        inputs=ports(network.inputs),
        outputs=ports(network.outputs),
        notes=simplify(network).notes,
    )


def _of_program(argument: ModelArgument, program: "Program") -> CheckDocument:
    return CheckDocument(
        model=argument.name,
        accepted=True,
        nodes=len(program.jobs),
        inputs=tuple(Port(tensor.name, tuple(tensor.shape)) for tensor in program.inputs),
        outputs=tuple(Port(tensor.name, tuple(tensor.shape)) for tensor in program.outputs),
        notes=(f"a program for target {program.target.name}",),
    )


def _grouped(model: str, problems: Sequence[Problem]) -> Table:
    kinds = Counter((problem.code, problem.rule, problem.value, problem.fix) for problem in problems)
    rows = tuple((code, rule, value, fix, count) for (code, rule, value, fix), count in kinds.most_common())
    title = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {model}"
    return Table(title, ("code", "rule", "value", "fix", "nodes"), rows)


def _shape(port: Port) -> str:
    return " x ".join(str(size) for size in port.shape) or "one number"
