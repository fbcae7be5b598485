"""Scoring by services over HTTP."""
