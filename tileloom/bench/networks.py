"""The networks of the table as integer graphs."""

import os
from functools import cache
from pathlib import Path

from tileloom.compiler.graph import IntegerGraph
from tileloom.hw.spec.config import load_target

CASES = {
    "resnet8": ("cifar_resnet8", "resnet8_int8_qdq.onnx"),
    "dscnn": ("kws_dscnn", "kws_dscnn_int8_qdq.onnx"),
}
"""Networks whose trained file is taken instead where the folder of cases is here: folder and file."""


def case_file(network: str) -> Path | None:
    """The trained file of a network in the folder that ``TILELOOM_CASES`` names; None where it is not there."""
    folder = os.environ.get("TILELOOM_CASES")
    if folder is None or network not in CASES:
        return None
    path = Path(folder, *CASES[network])
    return path if path.exists() else None


def weights_of(network: str) -> str:
    """Where the weights of a network come from, in words; its cycles do not depend on them."""
    from tileloom.models.zoo import MODELS

    if path := case_file(network):
        return path.name
    return "trained, of the zoo" if network in {model.name for model in MODELS} else "random, from the shapes"


@cache
def integer_graph(network: str) -> IntegerGraph:
    """The quantised network of that name; raises ``KeyError`` where there is none."""
    from tileloom.compilation import quantise_model
    from tileloom.compiler import frontend
    from tileloom.model_argument import find
    from tileloom.models.benchmark_networks import NETWORKS, SIXTEEN_BITS
    from tileloom.models.zoo import MODELS

    if network in {model.name for model in MODELS}:
        return quantise_model(find(network), load_target("default"), None, None, seed=0).graph
    if path := case_file(network):
        return frontend.quantise(frontend.read_model(path))
    model = frontend.take_model(NETWORKS[network]())
    return frontend.quantise(model, bits=16) if network in SIXTEEN_BITS else frontend.quantise(model)
