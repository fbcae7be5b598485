"""OData v4: published tables for Power BI, Excel and whatever else reads it; models as functions."""
