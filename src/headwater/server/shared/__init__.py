"""What links to published tables lead to: a page, files and OData, for whoever holds the link."""
