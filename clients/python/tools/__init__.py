"""Programs that write parts of the Python client: its models, and its synchronous half."""
