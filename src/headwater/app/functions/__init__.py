"""Model functions for the command line and the API: rows in and out, runs under way, schemas that somebody gives."""
