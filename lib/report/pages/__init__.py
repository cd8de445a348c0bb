"""The pages of the report, each with its template."""
