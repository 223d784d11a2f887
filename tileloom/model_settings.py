"""The user's words about a network on the command line, as settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.compiler.problems import ModelError
    from tileloom.compiler.settings import Settings


def settings_of(
    dims: Sequence[str] | None = None,
    batch: int | None = None,
    bind: Sequence[str] | None = None,
    method: str | None = None,
    bits: Path | None = None,
    host_ops: bool = False,
) -> "Settings":
    """Settings from ``NAME=NUMBER`` sizes, ``NAME=FILE.npy`` constants, a method and a file of bit widths.

    Raises ``ModelError``: TL409 for words of another form, TL405 for files that cannot be used.
    """
    import numpy as np

    from tileloom.compiler.bit_widths import BitWidths, parse
    from tileloom.compiler.passes.calibrate import METHODS
    from tileloom.compiler.settings import Settings

    sizes: dict[str, int] = {}
    for word in dims or ():
        name, _, size = word.rpartition("=")
        if not name or not size.isdigit():
            raise refuse("TL409", "--dim", "a size is NAME=NUMBER", word, "write for example --dim height=224")
        sizes[name] = int(size)
    constants = {}
    for word in bind or ():
        name, _, file = word.partition("=")
        if not name or not file:
            raise refuse(
                "TL409", "--bind", "a constant is NAME=FILE.npy", word, "write for example --bind mask=mask.npy"
            )
        try:
            constants[name] = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and error.errno:
                raise _unreadable(file, error) from None
            raise refuse(
                "TL405", file, "a .npy file of one array is needed", "something else", "write it with numpy.save"
            ) from None
        if not isinstance(constants[name], np.ndarray) or constants[name].dtype.kind not in "iufb":
            raise refuse(
                "TL405", file, "a .npy file of numbers is needed", "something else", "write it with numpy.save"
            )
    if method is not None and method not in METHODS:
        raise refuse("TL409", "--method", f"the method must be one of {', '.join(METHODS)}", method, "take mse")
    widths = BitWidths()
    if bits is not None:
        try:
            widths = parse(bits.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError):
                raise _unreadable(str(bits), error) from None
            fix = "see the beginning of compiler/bit_widths.py for an example"
            raise refuse("TL405", str(bits), "a file of bit widths is needed", str(error), fix) from None
    return Settings(sizes, batch, constants, method or METHODS[0], widths, host_ops=host_ops)


def _unreadable(file: str, error: OSError) -> "ModelError":
    from tileloom.compiler.file_faults import file_fault

    return refuse("TL405", file, f"the file cannot be read ({file_fault(error)})", "", "check the path")
