"""Along which assets data flows: walked, written, told as lineage, asked for what a change hits."""
