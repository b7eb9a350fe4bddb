"""/v1/inbound and conversations: texts from handsets and phones."""
