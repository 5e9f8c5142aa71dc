"""System checks: what is missing or dangerous in the settings, said before anything starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Hint


@register()
def queue_lock_outlives_tasks(**_: Any) -> list[CheckMessage]:
    """A task's lock runs while it waits in a worker's memory, so `retry` must cover the waiting too."""
    main: dict[str, Any] = settings.Q_CLUSTER
    clusters = {main["name"]: main, **{name: {**main, **alt} for name, alt in main.get("ALT_CLUSTERS", {}).items()}}
    return [
        Error(
            f"Queue cluster “{name}”: retry must be greater than timeout × (2 + queue_limit / workers).",
            hint="Raise retry or lower queue_limit; otherwise tasks run twice while they wait.",
            id="mediabuyer.E001",
        )
        for name, one in clusters.items()
        if one["retry"] <= one["timeout"] * (2 + one["queue_limit"] / one["workers"])
    ]


@register(Tags.security, deploy=True)
def secrets_are_set(**_: Any) -> list[CheckMessage]:
    import os

    missing = [
        name
        for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE")
    ]
    return (
        [
            Hint(
                f"{name} is not set: this machine's own key under var/ is used.",
                hint=f"Set {name} (or {name}_FILE) so that every server shares it.",
                id="mediabuyer.W001",
            )
            for name in missing
        ]
        if settings.DEPLOYED
        else []
    )


@register()
def live_needs_meta_app(**_: Any) -> list[CheckMessage]:
    if bool(settings.META_APP_ID) == bool(settings.META_APP_SECRET):
        return []
    return [
        Error(
            "Only one of META_APP_ID and META_APP_SECRET is set.",
            hint="Set both to connect live accounts, or neither.",
            id="mediabuyer.E002",
        )
    ]
