"""PyTorch modules as models: what every verb takes in place of a file."""

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tileloom.model_argument import Model, ModelArgument, find
from tileloom.refusal import refuse

if TYPE_CHECKING:
    import torch

    from tileloom.compiler.bit_widths import BitWidths

EXPORTERS = ("dynamo", "torchscript")


class ExportFolder:
    """A folder that goes when nobody holds it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="tileloom-export-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def model(
    source: "Model | torch.nn.Module",
    example: Any = None,
    *,
    exporter: str = "dynamo",
    input_names: Sequence[str] | None = None,
    dims: Mapping[str, int] | None = None,
    batch: int | None = None,
    bind: Mapping[str, Any] | None = None,
    method: str = "mse",
    bits: "BitWidths | None" = None,
    correct_bias: bool = True,
    host_ops: bool = False,
) -> ModelArgument:
    """A model with settings, for any verb: ``api.verify(api.model(net, image), target="small")``.

    Parameters
    ----------
    source : a file, a zoo name, or a ``torch.nn.Module``, which is exported as it is in evaluation
    example : of a module: its input, or a tuple of its inputs, batch 1
    exporter : "dynamo", or "torchscript" for modules that torch.export does not take
    input_names : of a module, in order; else those that the exporter gives
    dims, batch, bind, method, bits, correct_bias, host_ops : see :class:`tileloom.compiler.settings.Settings`

    Raises ``ModelError``: TL401 for a module that cannot be exported, with the exporter's reason; TL409 without an
    example.
    """
    import numpy as np

    from tileloom.compiler.bit_widths import BitWidths
    from tileloom.compiler.settings import Settings

    constants = {name: np.asarray(value) for name, value in (bind or {}).items()}
    settings = Settings(dict(dims or {}), batch, constants, method, bits or BitWidths(), correct_bias, host_ops)
    if isinstance(source, str | Path | ModelArgument):
        return find(source, settings)
    if exporter not in EXPORTERS:
        raise refuse("TL409", "exporter", f"it is one of {', '.join(EXPORTERS)}", exporter, "take dynamo")
    name = type(source).__name__
    if example is None:
        raise refuse("TL409", name, "a module needs an example of its input", "none", "give a tensor of batch 1")
    folder = ExportFolder()
    path = folder.path / f"{name}.onnx"
    _export(source, example if isinstance(example, tuple) else (example,), path, exporter == "dynamo", input_names)
    return ModelArgument(path, name, settings=settings, folder=folder)


def _export(
    module: "torch.nn.Module", example: tuple[Any, ...], path: Path, dynamo: bool, names: Sequence[str] | None
) -> None:
    """Write the module's ONNX file; its training mode is as before afterwards."""
    import torch

    training = module.training
    try:
        module.eval()
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module, example, str(path), dynamo=dynamo, external_data=False, verbose=False, input_names=names
            )
    except Exception as error:  # the exporters raise many kinds
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise refuse(
            "TL401",
            type(module).__name__,
            "the module must be exportable by torch.onnx.export",
            lines[0] if lines else type(error).__name__,
            "try the other exporter, or export it yourself and name the file",
        ) from None
    finally:
        module.train(training)
