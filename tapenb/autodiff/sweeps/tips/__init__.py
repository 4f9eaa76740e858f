"""Tips: where a rule can only give a convention, and a program may be smooth all the same."""
