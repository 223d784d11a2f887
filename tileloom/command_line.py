"""How every command ends: its document as a table and as JSON, problems as sentences, and the exit status.

Exit status 0: done. 1: the user's input is at fault (or an engine was found to differ), explained on standard error.
2: usage. 130: Ctrl-C, nothing left half-written.
"""

import errno
import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tileloom.document import Document, Failure
from tileloom.progress import Watch, watching
from tileloom.refusal import problem, problems_of, sentence

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
        _quieten_amaranth()
        _say(f"tileloom {verb}: stopped; nothing was left half-written.")
        raise typer.Exit(INTERRUPTED) from None
    if document.problems:
        raise typer.Exit(1)


def console(*, stderr: bool = False) -> "Console":
    """A terminal, or a page that is wide enough for every table; where the stream is closed, nothing."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            """Rich would exit with status 1, which here says that the input is at fault."""
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    if stream is None:
        return Plain(file=io.StringIO())
    return Plain(stderr=stderr, width=None if stream.isatty() else WIDTH)


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
    for found in document.problems:
        _say(sentence(found))
    if json_path is not None and json_path != "-":
        _write_json(document, json_path)
    try:
        _print(document, json_path == "-")
    except BrokenPipeError:
        # The reader of standard output has gone (`tileloom zoo | head -1`): what it wanted, it has.
        _abandon_output()
    except OSError as error:
        _abandon_output()
        from tileloom.compiler.file_faults import file_fault

        rule, fix = f"it cannot be written ({file_fault(error)})", "send it elsewhere, or write a file with --json PATH"
        _say(sentence(problem("TL408", "standard output", rule, "", fix)))
        raise typer.Exit(1) from None


def _print(document: Document, as_json: bool) -> None:
    """The document on standard output, which may be closed."""
    if as_json:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "closed")
        sys.stdout.write(document.to_text())
    else:
        from tileloom.tables import draw

        draw(document.tables(), console())
    if sys.stdout is not None:
        sys.stdout.flush()


def _abandon_output() -> None:
    """Python would try to flush standard output once more at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _quieten_amaranth() -> None:
    """Half-made hardware is no mistake where Ctrl-C ended its making: Amaranth would warn of each part at exit."""
    if "amaranth" in sys.modules:
        from amaranth.hdl import UnusedElaboratable

        warnings.simplefilter("ignore", UnusedElaboratable)


def _check_json(json_path: str | None) -> None:
    """End at once where the JSON could not be written, before minutes of work."""
    if json_path is None or json_path == "-":
        return
    from tileloom.compiler.problems import ModelError
    from tileloom.files import require_writable

    try:
        require_writable(Path(json_path))
    except ModelError as error:
        for found in error.problems:
            _say(sentence(found))
        raise typer.Exit(1) from None


def _write_json(document: Document, json_path: str) -> None:
    from tileloom.files import write

    try:
        write(Path(json_path), document.to_text())
    except Exception as error:
        for found in problems_of(error) or ():
            _say(sentence(found))
        raise typer.Exit(1) from None


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
