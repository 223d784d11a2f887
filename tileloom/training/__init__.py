"""Quantisation-aware training: PyTorch modules whose evaluation gives, bit for bit, what the compiled program gives.

``prepare.prepare`` makes such a network of a float one, training goes on as usual, ``export.export_onnx`` writes it.
"""
