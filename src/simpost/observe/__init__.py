"""Observability: log lines, metrics and traces."""

from simpost.observe.logging_setup import MASK, configure_logging, get_logger, mask_secrets
from simpost.observe.rate_limited_log import RateLimitedLog

__all__ = ["MASK", "RateLimitedLog", "configure_logging", "get_logger", "mask_secrets"]
