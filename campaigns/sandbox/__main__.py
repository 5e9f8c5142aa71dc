"""`python -m campaigns.sandbox`: starts the sandbox and says where it is."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.sandbox import scenarios
from campaigns.sandbox.call import Sandbox
from campaigns.sandbox.clock import Clock, epoch
from campaigns.sandbox.control import iso_utc
from campaigns.sandbox.delivery import Delivery
from campaigns.sandbox.draws import key_of
from campaigns.sandbox.insights import Insights
from campaigns.sandbox.people import furnish
from campaigns.sandbox.server import Server
from campaigns.sandbox.store import Store
from campaigns.sandbox.world import Identity, World

ZONE, CURRENCY = "Europe/Berlin", "EUR"


def arguments(values: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--store", type=Path, required=True, help="folder of the store; an existing one is continued")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history-days", type=int, default=60)
    parser.add_argument("--campaigns", type=int, default=4)
    parser.add_argument("--ads", type=int, default=24)
    parser.add_argument("--speed", type=float, default=1.0, help="sandbox seconds per real second")
    parser.add_argument("--frozen", action="store_true", help="the clock stands still until it is posted")
    parser.add_argument("--start", help="ISO time that a new sandbox takes for now")
    return parser.parse_args(values)


def identity_of(seed: int) -> Identity:
    """Ids and secrets made from the seed."""

    def digits(name: str, count: int) -> str:
        return str(10 ** (count - 1) + key_of("identity", seed, name) % (9 * 10 ** (count - 1)))

    secret = "".join(f"{key_of('secret', seed, part):016x}" for part in range(4))
    return Identity(
        seed,
        digits("account", 12),
        f"EAAS{secret}",
        digits("app", 15),
        f"{key_of('app', seed):016x}{key_of('app2', seed):016x}",
        digits("business", 15),
        digits("page", 15),
        digits("pixel", 15),
        digits("instagram", 17),
        digits("user", 17),
    )


def open_world(options: argparse.Namespace) -> World:
    """A world from its store, or a new one with its history."""
    store = Store(options.store)
    meta = store.meta()
    if meta.get("ready"):
        world = World(
            store,
            Identity(**meta["identity"]),
            Clock.restored(meta["clock"], options.speed, options.frozen),
            ZoneInfo(ZONE),
            CURRENCY,
        )
        world.load()
        return world
    return _new_world(store, options)


def _new_world(store: Store, options: argparse.Namespace) -> World:
    zone = ZoneInfo(ZONE)
    now = epoch(options.start, zone) if options.start else time.time()
    world = World(
        store, identity_of(options.seed), Clock(now - options.history_days * 86400, frozen=True), zone, CURRENCY
    )
    with world.writing():
        store.clear()
        furnish(world)
        scenarios.build(world, scenarios.Plan(options.history_days, options.campaigns, options.ads), now)
        world.clock.configure(options.speed, options.frozen)
        world.settle_births()
        store.set_meta(identity=dataclasses.asdict(world.identity), ready=True)
    return world


def greeting(world: World, url: str) -> dict[str, Any]:
    """What a client needs to know."""
    identity = world.identity
    return {
        "url": url,
        "account_id": f"act_{identity.account_id}",
        "access_token": identity.access_token,
        "app_id": identity.app_id,
        "app_secret": identity.app_secret,
        "business_id": identity.business_id,
        "page_id": identity.page_id,
        "pixel_id": identity.pixel_id,
        "instagram_id": identity.instagram_id,
        "now": iso_utc(world.now()),
    }


def main(values: list[str]) -> int:
    """Serve until a signal comes."""
    options = arguments(values)
    try:
        server = Server(("127.0.0.1", options.port))
        world = open_world(options)
    except (OSError, sqlite3.OperationalError) as error:
        sys.stderr.write(f"the sandbox cannot start: {error} (port {options.port}, store {options.store})\n")
        return 1
    sandbox = Sandbox(world, Delivery(world), Insights(world))
    sandbox.base_url = f"http://127.0.0.1:{server.server_port}"
    server.sandbox = sandbox
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    sys.stdout.write(json.dumps(greeting(world, sandbox.base_url)) + "\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.2)
    with world.writing():
        world.store.set_meta(stopped=datetime.now(UTC).isoformat())
    world.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
