from __future__ import annotations

from typing import Any

import pytest

from mediabuyer.lib.errors import Conflict
from mediabuyer.lib.seen import overtaken, require_seen

NOW = {"cap": 100, "rest": 72}


@pytest.mark.parametrize(
    ("seen", "wanted", "names"),
    [
        ({"cap": 100}, {"cap": 600}, []),
        ({"cap": 600}, {"cap": 700}, ["cap"]),
        ({"cap": 600}, {"cap": 100}, []),  # the other wanted the same
        ({"cap": 600, "rest": 72}, {"rest": 48}, []),  # what is not written may have changed
        ({}, {"cap": 700}, ["cap"]),
        ({}, {"cap": 100}, []),
        ({"cap": 600, "rest": 48}, {"cap": 700, "rest": 24}, ["cap", "rest"]),
    ],
)
def test_what_changed_meanwhile_is_named(seen: dict[str, Any], wanted: dict[str, Any], names: list[str]) -> None:
    assert overtaken(NOW, seen, wanted) == names
    if names:
        with pytest.raises(Conflict):
            require_seen(NOW, seen, wanted)
    else:
        require_seen(NOW, seen, wanted)
