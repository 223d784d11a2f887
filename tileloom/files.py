"""Files that commands read and write: arrays in ``.npz`` files, and writing that leaves all or nothing."""

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.compiler.file_faults import file_fault
from tileloom.compiler.problems import ModelError
from tileloom.refusal import refuse

Arrays = dict[str, npt.NDArray[Any]]


def write(path: Path, data: bytes | str) -> None:
    """Write a file whole: it is made beside its place and moved there, so that no reader and no Ctrl-C sees half of it.

    A link stays, and what it leads to is written. A pipe or device, /dev/null say, is written to as it is.

    Raises ``ModelError`` TL408 where the folder does not exist or cannot be written.
    """
    require_writable(path)
    body = data.encode() if isinstance(data, str) else data
    scratch = ""
    try:
        if _is_special(path):
            with path.open("wb") as file:
                file.write(body)
            return
        path = path.resolve()
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(scratch, 0o666 & ~umask)
        os.replace(scratch, path)
    except OSError as error:
        raise _not_writable(path, file_fault(error)) from None
    finally:
        if scratch:
            Path(scratch).unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Raise ``ModelError`` TL408 at once where :func:`write` would fail: before work whose result could not be kept."""
    if path.is_dir():
        raise _not_writable(path, "it is a folder")
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise _not_writable(path, "no permission")
        return
    folder = path.resolve().parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise _not_writable(path, f"there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _not_writable(path, f"no permission to write into {folder}")


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def make_folder(path: Path) -> None:
    """Make a folder that may be there already; raises ``ModelError`` TL408 where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if path.exists() else file_fault(error)
        rule = f"the folder cannot be made ({reason})"
        raise refuse("TL408", str(path), rule, "", "name a folder that is there or can be made") from None


def _not_writable(path: Path, reason: str) -> ModelError:
    return refuse("TL408", str(path), f"the file cannot be written ({reason})", "", "name a file in a folder of yours")


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an ``.npz`` file whole."""
    import io

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write(path, buffer.getvalue())


def read_arrays(path: Path) -> Arrays:
    """The arrays of an ``.npz`` file by name; numbers only, nothing in it is executed.

    Raises ``ModelError`` TL405 where the file is missing, damaged, not an ``.npz`` or holds something else.
    """
    rule, fix = "an .npz file of number arrays is needed", "write it with numpy.savez(path, NAME=array)"
    try:
        # Opened here, because numpy leaves a file open that it cannot read.
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise refuse("TL405", str(path), rule, "a single array", fix)
            arrays = {name: file[name] for name in file.files}
    except OSError as error:
        reason = f"the file cannot be read ({file_fault(error)})"
        raise refuse("TL405", str(path), reason, "", "check the path and its permissions") from None
    except ModelError:
        raise
    except Exception as error:
        # A damaged archive raises whatever zip, zlib or the array parser raise: BadZipFile, ValueError, EOFError...
        raise refuse("TL405", str(path), rule, _unreadable(path, error), fix) from None
    for name, array in arrays.items():
        if array.dtype.kind not in "iufb":
            raise refuse("TL405", f"{path}: {name}", rule, f"type {array.dtype}", fix)
    return arrays


def _unreadable(path: Path, error: Exception) -> str:
    """What a file is that numpy refuses, without numpy's advice to load what may be dangerous."""
    if path.stat().st_size == 0:
        return "an empty file"
    if "allow_pickle=False" in str(error):
        return "an archive of Python objects"
    if not zipfile.is_zipfile(path):
        return "a file of another kind, or a damaged one"
    return f"a damaged one ({error})"
