"""System checks: what is missing or dangerous is said before anything starts."""

from __future__ import annotations

import pytest

from mediabuyer.brands.checks import live_needs_meta_app, queue_lock_outlives_tasks, secrets_are_set


def test_our_own_queue_settings_pass():
    assert queue_lock_outlives_tasks() == []


@pytest.mark.parametrize("retry", [120, 480])
def test_lock_that_ends_while_a_task_waits_is_an_error(settings, retry):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "retry": retry}
    assert [message.id for message in queue_lock_outlives_tasks()] == ["mediabuyer.E001"]


def test_alternative_cluster_is_checked_too(settings):
    urgent = {**settings.Q_CLUSTER["ALT_CLUSTERS"]["urgent"], "retry": 60}
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "ALT_CLUSTERS": {"urgent": urgent}}
    [message] = queue_lock_outlives_tasks()
    assert "urgent" in message.msg


def test_deployed_server_without_secrets_is_warned_of(settings, monkeypatch):
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "FIELD_ENCRYPTION_KEYS", "FIELD_ENCRYPTION_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    settings.DEPLOYED = True
    assert [message.msg.split()[0] for message in secrets_are_set()] == ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS"]
    settings.DEPLOYED = False
    assert secrets_are_set() == []


@pytest.mark.parametrize(("key", "secret", "found"), [("", "", 0), ("1", "x", 0), ("1", "", 1), ("", "x", 1)])
def test_half_a_meta_app_is_an_error(settings, key, secret, found):
    settings.META_APP_ID, settings.META_APP_SECRET = key, secret
    assert len(live_needs_meta_app()) == found
