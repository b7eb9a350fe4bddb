"""What programs that speak MCP may send for an account, and the record of what they called."""
