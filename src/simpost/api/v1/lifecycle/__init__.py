"""/v1/lifecycle: the sources of lifecycle events, and events of many eSIMs."""
