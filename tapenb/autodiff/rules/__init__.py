"""Derivative rules, one file for each chapter of NumPy's reference, and their registry."""
