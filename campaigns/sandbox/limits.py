"""Usage headers of every answer, and the points a caller has used up (reads cost one, writes three)."""

from __future__ import annotations

import json
import time
from typing import Any

DECAY_SECONDS = 300.0
TIERS = {"development_access": 60.0, "standard_access": 9000.0}


class Limiter:
    """Points per account that fade over five minutes. Refuses only where the fault knobs say so."""

    def __init__(self) -> None:
        self._points, self._at = 0.0, time.monotonic()

    def charge(self, method: str) -> None:
        """Count one call."""
        now = time.monotonic()
        self._points *= max(1.0 - (now - self._at) / DECAY_SECONDS, 0.0)
        self._at = now
        self._points += 1.0 if method == "GET" else 3.0

    def used(self, tier: str) -> float:
        """Percent of the account's allowance in use."""
        return 100.0 * self._points / TIERS[tier]

    def headers(
        self,
        account_id: str,
        tier: str,
        wait_minutes: int = 0,
        kind: str = "ads_management",
        percent: float | None = None,
    ) -> dict[str, str]:
        """The four usage headers as JSON texts."""
        used = min(self.used(tier) if percent is None else percent, 100.0)
        return usage_headers(account_id, round(used, 2), tier, wait_minutes, kind)


def usage_headers(account_id: str, used: float, tier: str, wait_minutes: int, kind: str) -> dict[str, str]:
    """Header shapes of section 4.4; `used` in percent, `wait_minutes` until the block ends."""
    whole = int(used)
    share: dict[str, Any] = {"call_count": whole, "total_cputime": whole // 2, "total_time": whole // 2}
    case = {"type": kind, **share, "estimated_time_to_regain_access": wait_minutes, "ads_api_access_tier": tier}
    return {
        "X-App-Usage": json.dumps(share),
        "X-Ad-Account-Usage": json.dumps(
            {"acc_id_util_pct": used, "reset_time_duration": 60 * wait_minutes or 100, "ads_api_access_tier": tier}
        ),
        "X-Business-Use-Case-Usage": json.dumps({account_id: [case]}),
        "X-FB-Ads-Insights-Throttle": json.dumps(
            {"app_id_util_pct": used / 2, "acc_id_util_pct": used, "ads_api_access_tier": tier}
        ),
    }
