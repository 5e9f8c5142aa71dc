"""Money as every table keeps it."""

from __future__ import annotations

from typing import Any

from django.db import models


def money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=4, **options)
