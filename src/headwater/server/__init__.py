"""HTTP, thin: requests in, what the application answers out."""
