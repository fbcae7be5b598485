"""Bringing what a source holds into the catalog, and what becomes of what is gone."""
