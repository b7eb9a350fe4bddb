"""The clients for asyncio. `_sync` is written from this package by make_sync: change only this."""
