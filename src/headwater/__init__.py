"""Headwater: machine-learning models as Power Query functions, dataflows that call them, and a catalog with lineage.

Importing the package is cheap: every room (``headwater.powerquery``, ``headwater.app`` …) is imported on its own.
"""

from headwater._version import __version__

__all__ = ["__version__"]
