"""Recording: traced values, and what NumPy and Python ask of them."""
