"""How every command ends: its document as a table and as JSON, problems as sentences, and the exit status.

Exit status 0: done. 1: the user's input is at fault (or an engine was found to differ), explained on standard error.
2: usage. 130: Ctrl-C, nothing left half-written.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tileloom.document import Document, Failure
from tileloom.progress import Watch, watching
from tileloom.refusal import problems_of, sentence

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 150
"""Of tables where standard output is not a terminal."""
INTERRUPTED = 130


def run(verb: str, thing: str, work: Callable[[Watch], Document], json_path: str | None) -> None:
    """Do the work of a command and end it: returns for exit status 0, else raises ``typer.Exit``.

    ``thing`` names what the user gave, for errors that do not name it themselves.
    """
    try:
        _check_json(json_path)
        document = _work(verb, thing, work)
        _emit(document, json_path)
    except KeyboardInterrupt:
        _say(f"tileloom {verb}: stopped; nothing was left half-written.")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of standard output has gone (`tileloom zoo | head -1`): Python must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    if document.problems:
        raise typer.Exit(1)


def console(*, stderr: bool = False) -> "Console":
    """A terminal, or a page that is wide enough for every table."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH)


def _work(verb: str, thing: str, work: Callable[[Watch], Document]) -> Document:
    try:
        with watching(console(stderr=True)) as watch:
            return work(watch)
    except Exception as error:
        problems = problems_of(error, thing)
        if problems is None:
            raise
        return Failure(verb=verb, problems=problems)


def _emit(document: Document, json_path: str | None) -> None:
    for problem in document.problems:
        _say(sentence(problem))
    if json_path == "-":
        sys.stdout.write(document.to_text())
        sys.stdout.flush()
        return
    if json_path is not None:
        _write_json(document, json_path)
    from tileloom.tables import draw

    draw(document.tables(), console())
    sys.stdout.flush()


def _check_json(json_path: str | None) -> None:
    """End at once where the JSON could not be written, before minutes of work."""
    if json_path is None or json_path == "-":
        return
    from tileloom.compiler.problems import ModelError
    from tileloom.files import require_writable

    try:
        require_writable(Path(json_path))
    except ModelError as error:
        for problem in error.problems:
            _say(sentence(problem))
        raise typer.Exit(1) from None


def _write_json(document: Document, json_path: str) -> None:
    from tileloom.files import write

    try:
        write(Path(json_path), document.to_text())
    except Exception as error:
        for problem in problems_of(error) or ():
            _say(sentence(problem))
        raise typer.Exit(1) from None


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
