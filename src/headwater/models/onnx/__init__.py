"""ONNX models, scored in our own process.

An ONNX model is a graph of known operators. Loading it runs no code of the model's, so it needs no process of its own;
what is needed of it is that it reads no files but its own.

- ``artifact``: the files of an ONNX model, checked before anything loads them.
- ``graph``: what the graph takes and gives, and the session that runs it.
- ``feeds`` and ``answers``: from a batch to the graph's inputs, and from its outputs to a batch.
- ``scorer``: the scorer.
"""

from headwater.models.onnx.artifact import is_onnx
from headwater.models.onnx.graph import signature_from_onnx
from headwater.models.onnx.scorer import OnnxOptions, OnnxScorer

__all__ = ["OnnxOptions", "OnnxScorer", "is_onnx", "signature_from_onnx"]
