"""Scoring in processes of their own: each loads one model version, and is fed by its owner.

Nothing is imported here, because the scoring process imports this package too and must stay small.
"""
