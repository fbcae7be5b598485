"""The cases of ``benchmarks/dataflows.py``, a module for each kind."""
