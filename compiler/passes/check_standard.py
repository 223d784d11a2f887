"""Standard: ONNX's own checker has the last word on the form of the model.

Requires: no problems so far. Ensures: node arities and attribute types are those of the standard.
"""

import onnx

from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem
from tileloom.compiler.skeleton import skeleton


def check_standard(network: Network) -> Network:
    """Run ONNX's checker unless something is known to be wrong already."""
    if network.problems:
        return network
    if network.doubt:
        rule = "all shapes and types must follow from the inputs"
        return network.with_problems(
            [Problem("TL112", network.name, "", rule, network.doubt, "correct the attributes or the weights' shapes")]
        )
    model = skeleton(network.model)
    for value in model.graph.output:
        # Exporters leave shapes out that inference has found by now.
        kind = network.types.get(value.name, onnx.TensorProto.FLOAT)
        value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, kind, network.shapes.get(value.name, ())))
    try:
        onnx.checker.check_model(model, full_check=False)
    except Exception as error:  # the checker raises several kinds
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        value = lines[0] if lines else type(error).__name__
        return network.with_problems(
            [Problem("TL111", network.name, "", "the model must keep the ONNX standard", value, "export it again")]
        )
    return network
