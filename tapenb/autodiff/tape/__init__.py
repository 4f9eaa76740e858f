"""The Wengert list as a value: columns, operations, memory, and where entries come from."""
