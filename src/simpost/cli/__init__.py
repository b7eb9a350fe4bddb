def main() -> None:
    raise SystemExit("simpost: no commands yet")
