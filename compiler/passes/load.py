"""Load: bytes on disk become an ONNX model with all weights inside.

Requires: a path. Ensures: a parsed model of a bearable size; external data read from the model's own folder only.
Raises :class:`ModelError` at once where there is no model to go on with.
"""

import os
from collections import Counter
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from tileloom.compiler.file_faults import file_fault
from tileloom.compiler.limits import FILE_BYTES
from tileloom.compiler.network import Network
from tileloom.compiler.problems import ModelError, Problem


def load(path: str | os.PathLike[str]) -> Network:
    """The network in the file at ``path``, named after the file."""
    file = Path(path)
    data = _read(file)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RuntimeError, ValueError) as error:
        raise _unreadable(file, f"{len(data)} bytes that do not parse ({str(error).splitlines()[0]})") from None
    if not model.HasField("graph") or not model.graph.output:
        raise _unreadable(file, f"{len(data)} bytes without a graph that has outputs")
    if not _is_text(model.graph):
        raise _unreadable(file, "one whose names are not UTF-8 text")
    outside = [tensor for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    missing = _missing_files(outside, file.resolve().parent)
    problems = [
        problem
        for tensor in outside
        if _location(tensor) not in missing
        for problem in _take_inside(tensor, file.resolve().parent)
    ]
    return Network(file.stem, model).with_problems([*missing.values(), *problems])


def _location(tensor: onnx.TensorProto) -> str:
    """Name of the file that holds a tensor outside the model."""
    entries: dict[str, str] = {entry.key: entry.value for entry in tensor.external_data}
    return entries.get("location", "")


def _missing_files(tensors: list[onnx.TensorProto], folder: Path) -> dict[str, Problem]:
    """For each file beside the model that is not there one problem, however many tensors it should hold."""
    names = Counter(_location(tensor) for tensor in tensors)
    return {
        name: Problem(
            "TL104",
            name,
            "",
            "the file that holds the model's weights must lie beside the model",
            f"a missing one (tensors that it holds: {count})",
            "put it there, or save the model with its weights inside",
        )
        for name, count in names.items()
        if name and not os.path.lexists(folder / name) and (folder / name).resolve().is_relative_to(folder)
    }


def _is_text(graph: onnx.GraphProto) -> bool:
    """Whether all names are text; the parser hands out bytes where they are not valid UTF-8."""
    names = [entry.name for entry in (*graph.initializer, *graph.input, *graph.output, *graph.value_info)]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
        names += [text for entry in node.metadata_props for text in (entry.key, entry.value)]
    names += [
        text for tensor in graph.initializer for entry in tensor.external_data for text in (entry.key, entry.value)
    ]
    names += [dim.dim_param for entry in graph.input for dim in entry.type.tensor_type.shape.dim]
    return all(isinstance(name, str) for name in names)


def from_model(model: onnx.ModelProto, name: str) -> Network:
    """The network of a model in memory, which has no external data."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return Network(name, copy)


def _read(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > FILE_BYTES:
            raise ModelError(
                [
                    Problem(
                        "TL103",
                        file.name,
                        "",
                        f"a model file must have at most {FILE_BYTES} bytes",
                        str(size),
                        "make the network smaller",
                    )
                ]
            )
        return file.read_bytes()
    except OSError as error:
        reason = file_fault(error)
        raise ModelError(
            [Problem("TL101", str(file), "", f"the model cannot be read ({reason})", "", "check the path")]
        ) from None


def _unreadable(file: Path, value: str) -> ModelError:
    return ModelError(
        [
            Problem(
                "TL102",
                file.name,
                "",
                "the file must be a complete ONNX model",
                value,
                "export the network again, or download the whole file",
            )
        ]
    )


def _take_inside(tensor: onnx.TensorProto, folder: Path) -> list[Problem]:
    """Replace a reference to external data by the data; return what forbids it."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")

    def problem(value: str) -> list[Problem]:
        return [
            Problem(
                "TL104",
                tensor.name,
                "",
                "external data must be a file in the model's own folder that holds all of the tensor",
                value,
                "save the model with its weights inside",
            )
        ]

    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries.get("length", "-1"))
        target = (folder / location).resolve()
        if not location or not target.is_relative_to(folder) or not target.is_file() or target.stat().st_nlink > 1:
            return problem(repr(location))
        size = target.stat().st_size
        length = size - offset if length < 0 else length
        if not (0 <= offset <= size and 0 <= length <= size - offset and size <= FILE_BYTES):
            return problem(f"bytes {offset} to {offset + length} of the {size} of {location!r}")
        with target.open("rb") as stream:
            stream.seek(offset)
            tensor.raw_data = stream.read(length)
    except (OSError, ValueError) as error:
        return problem(f"{location!r} ({type(error).__name__})")
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]
    return []
