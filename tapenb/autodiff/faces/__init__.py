"""Everything that users call: functional derivatives, GradientTape, Variable, function, checks."""
