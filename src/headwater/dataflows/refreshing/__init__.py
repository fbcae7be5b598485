"""A refresh at work: the job's handler, its entities side by side, and what of a failure is told."""
