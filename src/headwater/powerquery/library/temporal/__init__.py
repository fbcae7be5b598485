"""Dates, times and durations as text and from text, in any culture."""
