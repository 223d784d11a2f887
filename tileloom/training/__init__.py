"""Quantisation-aware training: PyTorch modules whose evaluation gives, bit for bit, what the compiled program gives.

``prepare`` makes such a network of a float one, training goes on as usual, ``export_onnx`` writes it with its scales.
"""

from tileloom.training.export import export_onnx
from tileloom.training.grid import ActivationGrid
from tileloom.training.prepare import prepare

__all__ = ["ActivationGrid", "export_onnx", "prepare"]
