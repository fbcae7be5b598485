"""Scans by name, as clients of other catalogs define, schedule and run them; and sources that are only said."""
