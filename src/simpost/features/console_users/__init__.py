"""Users of the console: passwords, sessions, and the audit log of what they did."""
