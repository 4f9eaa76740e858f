"""A tape to something to look at: graph, trace table, source, LaTeX, text."""
