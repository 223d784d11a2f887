"""Standard: ONNX's own checker has the last word on the form of the model.

Requires: no problems so far. Ensures: node arities and attribute types are those of the standard.
"""

import onnx

from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem


def check_standard(network: Network) -> Network:
    """Run ONNX's checker unless something is known to be wrong already."""
    if network.problems:
        return network
    try:
        onnx.checker.check_model(network.model, full_check=False)
    except Exception as error:  # noqa: BLE001 - the checker raises several kinds
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        value = lines[0] if lines else type(error).__name__
        return network.with_problems(
            [Problem("TL111", network.name, "", "the model must keep the ONNX standard", value, "export it again")]
        )
    return network
