"""NumPy as the user's own functions see it while something records."""
