"""The relational plan: what M compiles to and engines run. Nodes, expressions, types, order, error cells, lineage."""
