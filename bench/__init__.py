"""The project's own measurements: each module is a command that prints a table."""
