"""/v1/admin: the endpoints of the administrator, one module per resource."""
