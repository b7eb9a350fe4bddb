from __future__ import annotations

import pytest

from simpost.store.postgres.dsn import unverified_hosts


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@db.example/s", ["db.example"]),
        ("postgresql://u:p@db.example/s?sslmode=require", ["db.example"]),
        ("postgresql://u:p@db.example/s?sslmode=verify-ca", ["db.example"]),
        ("postgresql://u:p@db.example/s?sslmode=verify-full", []),
        ("postgresql://u:p@a.example,b.example/s", ["a.example", "b.example"]),
        ("postgresql://u:p@127.0.0.1,b.example/s", ["b.example"]),
        ("postgresql://u:p@[2001:db8::1]:5432/s", ["2001:db8::1"]),
        ("postgresql://u:p@[::1]:5432/s", []),
        ("postgresql://u:p@localhost/s", []),
        ("postgresql:///s?host=/run/postgresql", []),
        ("postgresql:///s?host=db.example", ["db.example"]),
        ("postgresql:///s", []),
    ],
)
def test_only_verified_tls_or_this_machine_is_safe(url: str, hosts: list[str]) -> None:
    assert unverified_hosts(url, {}) == hosts


def test_the_variables_of_libpq_count() -> None:
    url = "postgresql:///s"
    assert unverified_hosts(url, {"PGHOST": "db.example"}) == ["db.example"]
    assert unverified_hosts(url, {"PGHOST": "db.example", "PGSSLMODE": "verify-full"}) == []
