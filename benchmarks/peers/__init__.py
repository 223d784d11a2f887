"""Other machines' own tools, from the package index, on networks of our table, each in an environment of its own."""
