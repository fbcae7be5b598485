"""Tables: rows held by the evaluator, plans run by an engine, and the operations on both."""
