"""/v1/keys: the API keys of the account."""
