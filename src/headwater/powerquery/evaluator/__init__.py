"""Lazy evaluation of M: from syntax tree to closures to values."""
