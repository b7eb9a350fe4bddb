"""What simpost says about itself: log lines, counts, and traces where they are asked for."""

from simpost.observe.lines import MASK, get_logger, mask_secrets, set_up
from simpost.observe.sparing import SparingLog

__all__ = ["MASK", "SparingLog", "get_logger", "mask_secrets", "set_up"]
