"""M values in Python: what each kind is, how they compare, combine and are written."""
