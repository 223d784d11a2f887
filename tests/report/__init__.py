"""The report's page, its figures and its trace."""
