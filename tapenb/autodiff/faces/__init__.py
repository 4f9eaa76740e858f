"""What users call: functional derivatives, GradientTape, Variable, function, checks."""
