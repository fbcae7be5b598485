"""Editing M by steps: what a dataflow editor needs to know of the language. The text is the only state."""
