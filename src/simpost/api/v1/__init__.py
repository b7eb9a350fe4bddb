"""/v1: the endpoints of the native API, a package per resource."""
