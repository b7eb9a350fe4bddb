"""/v1/preferences and the preferences of an eSIM: what travellers want to be sent."""
