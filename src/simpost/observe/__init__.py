"""What simpost says about itself: log lines, counts, and traces where they are asked for."""

from simpost.observe.lines import MASK, get_logger, mask_secrets, set_up

__all__ = ["MASK", "get_logger", "mask_secrets", "set_up"]
