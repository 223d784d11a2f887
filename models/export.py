"""From a trained PyTorch module to one ONNX file without a trace of the machine that made it."""

import re
from pathlib import Path

import onnx
import torch
from torch import nn

STACK_TRACE = "pkg.torch.onnx.stack_trace"
"""Metadata key under which the exporter writes, for each node, the PyTorch lines it came from."""
_FRAME = re.compile(r'File "(?P<path>[^"]*)", line (?P<line>\d+), in (?P<function>[^\n]*)\n(?P<code>[^\n]*)')
_ROOM = Path(__file__).parent.name


def export_onnx(module: nn.Module, example: torch.Tensor, path: Path) -> None:
    """Write ``module`` as a self-contained ONNX file of fixed shapes, input ``image`` and output ``scores``.

    Batch normalisation is folded by the exporter (the module is put into evaluation mode). Of the metadata only the
    line of the network's own file remains, as ``File "models/lenet5.py", line 28, in forward`` and the code.
    """
    module.eval()
    program = torch.onnx.export(
        module, (example,), dynamo=True, input_names=["image"], output_names=["scores"], verbose=False
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program.")
    model = program.model_proto
    _keep_network_lines(model)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _keep_network_lines(model: onnx.ModelProto) -> None:
    """Replace every node's metadata by its line in the network's own file, and drop the metadata of everything else."""
    for node in model.graph.node:
        traces = [entry.value for entry in node.metadata_props if entry.key == STACK_TRACE]
        del node.metadata_props[:]
        node.ClearField("doc_string")
        if traces:
            node.metadata_props.add(key=STACK_TRACE, value=_network_line(traces[0]))
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    for owner in (model, model.graph):
        owner.ClearField("metadata_props")
        owner.ClearField("doc_string")


def _network_line(trace: str) -> str:
    """The innermost frame of ``trace`` that lies in this room, with the path relative to the repository."""
    own = [frame for frame in _FRAME.finditer(trace) if Path(frame["path"]).parent.name == _ROOM]
    if not own:
        raise ValueError(f"A node has no line in {_ROOM}/: {trace!r}.")
    frame = own[-1]
    return f'File "{_ROOM}/{Path(frame["path"]).name}", line {frame["line"]}, in {frame["function"]}\n{frame["code"]}'
