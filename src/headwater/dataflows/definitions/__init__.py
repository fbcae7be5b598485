"""What a dataflow is: its queries and settings, as files, as JSON, as a section document, as Power BI's model.json."""
