"""The table of utilisations: its networks, goals and targets, the figures of others, and how a row is measured."""
