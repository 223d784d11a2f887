"""Files with the graph after every pass of the front end, numbered in their order."""

from pathlib import Path
from typing import TYPE_CHECKING

from tileloom.files import make_folder, write

if TYPE_CHECKING:
    from tileloom.compiler.stage_model import Stage


class PassFiles:
    """Called with each pass's name and result; writes ``DIR/NN_pass.onnx``. Without a folder it does nothing.

    Raises ``ModelError`` TL408 where the folder cannot be made or written.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.written = 0
        if folder is not None:
            make_folder(folder)

    def __call__(self, name: str, stage: "Stage") -> None:
        """Write one file."""
        if self.folder is None:
            return
        from tileloom.compiler.stage_model import stage_model

        write(self.folder / f"{self.written:02}_{name}.onnx", stage_model(stage).SerializeToString())
        self.written += 1
