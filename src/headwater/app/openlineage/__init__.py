"""OpenLineage: where its events go, sending them, and reading them back."""
