"""The report: one self-contained HTML page about a network on a machine, and the timeline as a Perfetto trace."""
