"""A tape played backward and forward, and what is read off that."""
