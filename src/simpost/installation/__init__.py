"""Looks at an installation from outside: the machine, the files, the peers and the service."""
