"""/v1/bulk-jobs: one verb on many messages or deliveries, with a time to undo it."""
