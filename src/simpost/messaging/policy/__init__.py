"""Policy: how much and when travellers are sent messages, whatever sends them."""
