"""What a user names as a model: an ONNX file, a tile program, or a network that ships with tileloom."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.compiler.settings import Settings
    from tileloom.hw.spec.program import Program
    from tileloom.models.zoo import ZooModel

PROGRAM_SUFFIX = ".tlp"


@dataclass(frozen=True)
class ModelArgument:
    """A model that exists, not yet read. ``path`` is an ONNX file unless ``is_program``."""

    path: Path
    name: str
    is_program: bool = False
    zoo: "ZooModel | None" = None
    settings: "Settings | None" = None
    """What the user decided about the network; None for nothing."""
    folder: object = None
    """Holds a network that was exported for this argument, and goes with it."""

    def network(self, verb: str) -> Path:
        """The ONNX file; a program is refused, because ``verb`` needs the network itself."""
        if self.is_program:
            raise refuse(
                "TL409", str(self.path), f"{verb} needs the network", "a tile program", "name the ONNX file instead"
            )
        return self.path

    def program(self) -> "Program":
        """The loaded program file, whole and within the rules of its machine; raises ``ProgramError``."""
        from tileloom.hw.spec.program import ProgramError, load_program
        from tileloom.hw.spec.validate import violations

        program = load_program(self.path)
        broken = violations(program.instructions, program.target)
        if broken:
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            raise ProgramError(f"program breaks a rule of the machine: {broken[0]}{more}")
        return program


Model = str | Path | ModelArgument
"""A file, a zoo name, or what :func:`find` or :func:`tileloom.torch_model.model` made of one."""


def find(model: Model, settings: "Settings | None" = None) -> ModelArgument:
    """The model of a file or zoo name; an existing file wins over a zoo network of the same name.

    ``settings`` replace those that a found model has already.

    Raises ``ModelError`` TL401 where there is neither.
    """
    from tileloom.compiler.file_faults import file_fault
    from tileloom.hw.spec.program import MAGIC
    from tileloom.models.zoo import MODELS

    if isinstance(model, ModelArgument):
        return model if settings is None else replace(model, settings=settings)
    path = Path(model)
    if path.is_file():
        try:
            with path.open("rb") as file:
                is_program = file.read(len(MAGIC)) == MAGIC or path.suffix == PROGRAM_SUFFIX
        except OSError as error:
            raise refuse(
                "TL401", str(model), f"the model cannot be read ({file_fault(error)})", "", "check its permissions"
            ) from None
        return ModelArgument(path, path.stem, is_program, settings=settings)
    for zoo in MODELS:
        if zoo.name == str(model):
            return ModelArgument(zoo.path, zoo.name, zoo=zoo, settings=settings)
    names = [zoo.name for zoo in MODELS]
    near = None if path.exists() else _nearest(path, names)
    fix = f"the nearest is {near}" if near else f"name an existing file or one of {', '.join(names)}"
    raise refuse(
        "TL401",
        str(model),
        "a model must be an ONNX file, a tile program or a zoo network",
        "a folder" if path.is_dir() else "a device" if path.exists() else "a file or name that does not exist",
        fix,
    )


def _nearest(path: Path, names: Sequence[str]) -> str | None:
    """The zoo name, or the network or program in the same folder, whose name is most like that of ``path``."""
    try:
        files = [each for each in path.parent.iterdir() if each.suffix in (".onnx", PROGRAM_SUFFIX) and each.is_file()]
    except OSError:
        files = []
    known = {**{each.name: str(each) for each in files}, **{name: name for name in names}}
    near = difflib.get_close_matches(path.name, known, n=1, cutoff=0.6) if path.name else []
    return known[near[0]] if near else None
