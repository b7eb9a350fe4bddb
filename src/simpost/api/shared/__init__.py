"""What the APIs share: credentials, paging, problems, budgets, schemas."""
