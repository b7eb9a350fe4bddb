"""Features above messaging: each is a service of its own, and none imports another."""
