"""What a running process needs, whatever it serves: clocks, and components that run."""
