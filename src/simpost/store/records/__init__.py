"""Rows as values, once for both stores: what the columns of a statement stand for."""
