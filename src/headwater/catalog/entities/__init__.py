"""Assets as Atlas's clients know them: entities, with their relationships and what people say of them."""
