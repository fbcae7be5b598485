"""The cases of ``benchmarks/catalog.py``."""
