"""Pages of bulk jobs."""
