"""A bitstream into a board, through openFPGALoader."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tileloom.fpga.boards import Board
from tileloom.fpga.tools import BuildError

LOADER = "openFPGALoader"
PATIENCE_SECONDS = 120


def find_loader() -> str:
    """The command: environment variable OPENFPGALOADER, or the path; :class:`BuildError` with the line that helps."""
    found = os.environ.get("OPENFPGALOADER") or shutil.which(LOADER)
    if found is None:
        raise BuildError(
            f"{LOADER} is not installed, which puts bitstreams into boards; run: apt-get install openfpgaloader "
            "(or name it in the environment variable OPENFPGALOADER)"
        )
    return found


def flash(board: Board, bitstream: Path) -> None:
    """Put a bitstream into the board's FPGA, where it stays until the power goes.

    Raises :class:`BuildError` where the tool or the file is missing, or the tool finds no board.
    """
    loader = find_loader()
    if not bitstream.is_file():
        raise BuildError(f"bitstream {bitstream} is not there; make it with: tileloom build --board {board.name}")
    command = [loader, "--board", board.loader, str(bitstream)]
    # Into a file, not a pipe: the tool draws a bar of progress.
    with tempfile.TemporaryFile() as log:
        try:
            status = subprocess.run(command, stdout=log, stderr=log, timeout=PATIENCE_SECONDS, check=False).returncode
        except OSError as error:
            raise BuildError(f"{loader} cannot be run ({error.strerror}); check OPENFPGALOADER") from None
        except subprocess.TimeoutExpired:
            raise BuildError(f"{loader} has not ended after {PATIENCE_SECONDS} s; plug the board in anew") from None
        log.seek(0)
        words = log.read().decode(errors="replace").replace("\r", "\n").split("\n")
    if status:
        said = next((line.strip() for line in reversed(words) if line.strip()), "nothing")
        raise BuildError(
            f"{LOADER} could not put the bitstream into board {board.name} (status {status}): {said}; "
            "check that the board is plugged in and that you may use its USB port"
        )
