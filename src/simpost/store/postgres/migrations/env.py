"""Run by Alembic: plans the migrations as SQL text; nothing here opens a database."""

from __future__ import annotations

from alembic import context

if not context.is_offline_mode():
    raise SystemExit("migrations are planned as SQL: see simpost.store.postgres.migrate")
context.configure(dialect_name="postgresql", transactional_ddl=False)
context.run_migrations()
