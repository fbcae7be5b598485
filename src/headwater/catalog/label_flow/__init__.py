"""Labels that flow down lineage, where a policy says so."""
