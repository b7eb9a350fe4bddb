"""A tag in a request."""

from __future__ import annotations

from typing import Annotated

from pydantic import StrictStr

from simpost.api.shared.error_messages import Matching
from simpost.domain.tags import TAG_PATTERN, TAG_RULE

Tag = Annotated[StrictStr, Matching(TAG_PATTERN, TAG_RULE)]
