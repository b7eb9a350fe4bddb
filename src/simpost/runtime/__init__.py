"""The running process: clocks, components, periodic jobs, reload and readiness."""
