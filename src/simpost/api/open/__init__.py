"""/api/v1/open: the compatible API, a plain ASGI app without a framework."""
