"""Processes that carry out decisions until they are killed, and the hand that kills them."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

from django.db import OperationalError, connections

from campaigns.models import AdAccount
from mediabuyer.agent import execute

# The longest that anything takes, in seconds, is far below the settle window: the lease ends before it, and a late
# object lands before it. That is the rule under test.
LATE, LEASE, SETTLE, TIMEOUT = 1.5, 3, 6, 2


def work(account_id: int) -> None:
    """One worker: the same three verbs as the sweep, without end."""
    account = AdAccount.objects.get(pk=account_id)
    while True:
        try:
            if not execute.carry_out(seconds=2, account=account):
                time.sleep(0.2)
        except OperationalError:
            connections.close_all()
            time.sleep(0.2)


class Workers:
    """Forked from a clean server process that has loaded everything, so that a new one is there in an instant."""

    def __init__(self, count: int) -> None:
        os.environ.update(
            SETTLE_SECONDS=str(SETTLE), LEASE_SECONDS=str(LEASE), PLATFORM_TIMEOUT=str(TIMEOUT), LOG_LEVEL="ERROR"
        )
        self.context: ForkServerContext = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["mediabuyer.wsgi", "mediabuyer.agent.faults.workers"])
        forkserver.ensure_running()  # it loads while the sandbox comes up
        self.count, self.account_id, self.killed = count, 0, 0
        self.processes: list[BaseProcess] = []

    def start(self, account: AdAccount) -> None:
        self.account_id = account.pk
        self.processes = [self._start() for _ in range(self.count)]

    def _start(self) -> BaseProcess:
        process = self.context.Process(target=work, args=(self.account_id,), daemon=True)
        process.start()
        return process

    def kill_one(self, rng: random.Random) -> None:
        """SIGKILL at whatever it is doing; another takes its place."""
        index = rng.randrange(len(self.processes))
        self.processes[index].kill()
        self.processes[index].join()
        self.processes[index] = self._start()
        self.killed += 1

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join()
