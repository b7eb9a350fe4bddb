"""/v1/inbound and conversations: what handsets and phones sent."""
