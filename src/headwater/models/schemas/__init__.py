"""Where a model's signature comes from: what a workspace, a service or a person says about it."""
