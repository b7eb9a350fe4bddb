"""The tools. Each has a strict schema of its arguments, a schema of its result, and a scope."""
