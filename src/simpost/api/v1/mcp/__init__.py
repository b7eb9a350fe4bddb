"""/v1/mcp: what `simpost mcp` may do for the account, and the record of its calls."""
