"""The command line, thin: arguments in, what the application answers out."""
