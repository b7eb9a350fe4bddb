"""/v1/messages and /v1/refusals: send, list and show messages."""
