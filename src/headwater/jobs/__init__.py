"""Durable work: jobs claimed under a lease, repeated after a crash, and due by a schedule."""
