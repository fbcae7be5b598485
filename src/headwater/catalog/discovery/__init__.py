"""Finding assets as the clients of Purview and of Atlas ask for them, and answer in their shapes."""
