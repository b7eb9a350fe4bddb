"""/v1/conversations: people answer the texts of travellers."""
