"""Everything the sandbox knows: objects by id, figures, clock, log. All access happens under `lock`.

An object is a `Record`; its `data` holds Graph API field names, money as whole minor units, times as epoch seconds.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.sandbox.clock import Clock
from campaigns.sandbox.figures import Figures
from campaigns.sandbox.store import Store

FIRST_ID = 120210000000000000
LIVING = ("campaign", "adset", "ad")


@dataclass(slots=True)
class Record:
    """One object. `born` is real time, for objects that appear late in lists; 0 for those of a former run."""

    seq: int
    id: str
    kind: str
    parent: str
    data: dict[str, Any] = field(default_factory=dict)
    born: float = 0.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Names and secrets of this sandbox, all made from the seed."""

    seed: int
    account_id: str  # without act_
    access_token: str
    app_id: str
    app_secret: str
    business_id: str
    page_id: str
    pixel_id: str
    instagram_id: str
    user_id: str


class World:
    """The state. `version` rises with every write, `data_version` with every simulated hour."""

    def __init__(self, store: Store, identity: Identity, clock: Clock, zone: ZoneInfo, currency: str) -> None:
        self.store, self.identity, self.clock, self.zone, self.currency = store, identity, clock, zone, currency
        self.lock = threading.RLock()
        self.objects: dict[str, Record] = {}
        self._children: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self.ads: list[Record] = []  # an ad's number in the market is its place here
        self.budgets: dict[tuple[str, int], float] = {}
        self.figures = Figures(0)
        self.simulated_until = 0  # UTC hours since 1970 that are done
        self.during = 0.0  # while hours are simulated: the time of the present one
        self.version = 0
        self.results: tuple[tuple[int, int], dict[str, int]] = ((-1, -1), {})  # per ad set this week, and as of when
        self._seq = 0

    # -- objects ---------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read everything back after a restart."""
        for seq, key, kind, parent, body in self.store.objects():
            self._keep(Record(seq, key, kind, parent, body))
        self.budgets = {(holder, day): budget for holder, day, budget in self.store.budgets()}
        meta = self.store.meta()
        self.simulated_until = int(meta["simulated_until"])
        self.figures = Figures(int(meta["first_day"]), self.store.days(), self.store.orders())

    def _keep(self, record: Record) -> None:
        self.objects[record.id] = record
        self._children[record.kind, record.parent].append(record)
        if record.kind == "ad":
            self.ads.append(record)
        self._seq = max(self._seq, record.seq)

    def next_id(self) -> str:
        """The id that the next object will get when it brings none."""
        return str(FIRST_ID + self._seq + 1)

    def add(self, kind: str, parent: str, data: dict[str, Any], key: str = "") -> Record:
        """Make an object and store it. The id is a number in the order of creation unless `key` is given."""
        record = Record(self._seq + 1, key or self.next_id(), kind, parent, data, time.time())
        data.setdefault("created_time", int(self.now()))
        data.setdefault("updated_time", data["created_time"])
        self._keep(record)
        self.save(record)
        return record

    def settle_births(self) -> None:
        """What exists by now has existed for long, as far as lagging lists are concerned."""
        for record in self.objects.values():
            record.born = 0.0

    def save(self, record: Record) -> None:
        """Store an object's present state."""
        self.version += 1
        self.store.put_object(record.seq, record.id, record.kind, record.parent, record.data)

    def change(self, record: Record, **values: Any) -> None:
        """Set fields of an object and store it."""
        record.data.update(values)
        record.data["updated_time"] = int(self.now())
        self.save(record)

    def children(self, kind: str, parent: str) -> list[Record]:
        """Objects of a kind under a parent, oldest first."""
        return self._children.get((kind, parent), [])

    def of_kind(self, kind: str) -> list[Record]:
        """All objects of a kind, whatever their parent, oldest first."""
        found = [record for (name, _), records in self._children.items() if name == kind for record in records]
        return sorted(found, key=lambda record: record.seq)

    def get(self, key: str, kind: str = "") -> Record | None:
        """An object by id, optionally only of one kind."""
        record = self.objects.get(key)
        return record if record and (not kind or record.kind == kind) else None

    @property
    def account(self) -> Record:
        """The one ad account."""
        return self.objects[f"act_{self.identity.account_id}"]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write: all of it is stored, with the clock, or none."""
        with self.lock, self.store.transaction():
            yield
            self.store.set_meta(clock=self.clock.saved())

    # -- calendar --------------------------------------------------------------------------------------------------

    def local(self, at: float) -> datetime:
        """A moment in the account's own time zone."""
        return datetime.fromtimestamp(at, self.zone)

    def now(self) -> float:
        """Epoch seconds: the clock's, or those of the hour that is being simulated."""
        return self.during or self.clock.now()

    def today(self) -> int:
        """Ordinal of the account's day."""
        return self.local(self.now()).toordinal()

    # -- log -------------------------------------------------------------------------------------------------------

    def log(self, event_type: str, record: Record, extra: dict[str, Any] | None = None, actor: str = "") -> None:
        """One line of the activity log (`/act_X/activities`)."""
        at = int(self.now())
        self.store.add_activities(
            [
                (
                    at,
                    {
                        "event_type": event_type,
                        "event_time": at,
                        "object_id": record.id,
                        "object_type": record.kind.upper(),
                        "object_name": record.data.get("name", ""),
                        "actor_id": actor or self.identity.user_id,
                        "actor_name": actor or "Demo User",
                        "extra": extra or {},
                    },
                )
            ]
        )
