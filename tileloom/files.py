"""Files that commands read and write: arrays in ``.npz`` files, and writing that leaves all or nothing."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.refusal import refuse

Arrays = dict[str, npt.NDArray[Any]]


def write(path: Path, data: bytes | str) -> None:
    """Write a file whole: it is made beside its place and moved there, so that no reader and no Ctrl-C sees half of it.

    Raises ``ModelError`` TL408 where the folder does not exist or cannot be written.
    """
    body = data.encode() if isinstance(data, str) else data
    scratch = ""
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(scratch, 0o666 & ~umask)
        os.replace(scratch, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise refuse("TL408", str(path), "the file must be writable", reason, "name a file in a folder") from None
    finally:
        if scratch:
            Path(scratch).unlink(missing_ok=True)


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
        raise refuse("TL405", str(path), rule, error.strerror or str(error), fix) from None
    except Exception as error:
        if hasattr(error, "problems"):
            raise
        # A damaged archive raises whatever zip, zlib or the array parser raise: BadZipFile, ValueError, EOFError...
        raise refuse("TL405", str(path), rule, f"{type(error).__name__} ({error})", fix) from None
    for name, array in arrays.items():
        if array.dtype.kind not in "iufb":
            raise refuse("TL405", f"{path}: {name}", rule, f"type {array.dtype}", fix)
    return arrays
