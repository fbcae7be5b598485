"""Data sources: files and folders."""

from headwater.powerquery.library.data import csv, files

__all__ = ["csv", "files"]
