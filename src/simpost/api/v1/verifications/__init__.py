"""/v1/verifications: one-time codes that simpost makes, sends and checks."""
