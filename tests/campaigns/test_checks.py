"""System checks of the ledger's times."""

from __future__ import annotations

import pytest

from campaigns.checks import lease_ends_before_the_settle_window


@pytest.mark.parametrize(("lease", "settle", "found"), [(80, 300, 0), (300, 300, 1), (301, 300, 1), (0, 300, 1)])
def test_lease_that_outlives_the_settle_window_is_an_error(settings, lease, settle, found):
    settings.LEASE_SECONDS, settings.SETTLE_SECONDS = lease, settle
    assert [message.id for message in lease_ends_before_the_settle_window()] == ["mediabuyer.E003"] * found
