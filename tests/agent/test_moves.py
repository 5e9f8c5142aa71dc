"""Any sequence of moves on a decision, by people and workers with fresh and stale rows in their hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mediabuyer.agent.models import Decision
from mediabuyer.lib.errors import MediaBuyerError
from memory.events import verify_chain
from memory.models import Event
from tests.factories import NOW, AccountFactory, BrandFactory, DecisionFactory, MemberFactory, budget_change

SENT = {"executing", "done", "failed", "unknown", "undone"}
HANDS = st.integers(0, 2)
PEOPLE = st.sampled_from(["manager", "owner", "viewer"])
HOURS = st.sampled_from([0, 1, 47, 49])


class Moves(RuleBasedStateMachine):
    """Three workers each hold a row that they may or may not have read again; people see a hash, perhaps an old one."""

    @initialize(is_asked=st.booleans())
    def begin_world(self, is_asked: bool) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.brand = BrandFactory.create()
        account = AccountFactory.create(brand=self.brand)
        self.people = {
            role: MemberFactory.create(brand=self.brand, role=role).user for role in ("manager", "owner", "viewer")
        }
        made = DecisionFactory.create(account=account, state="awaiting" if is_asked else "proposed")
        self.hands = [Decision.objects.get(pk=made.pk) for _ in range(3)]
        self.hashes = [made.content_hash]

    def teardown(self) -> None:
        """No line of the journal can be altered: if it is whole at the end, it was so after each move."""
        if hasattr(self, "block"):
            is_whole = connection.needs_rollback or verify_chain(self.brand) is None
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            assert is_whole

    def move(self, act: Callable[[], Any]) -> None:
        """One line and a change, or neither; answering twice the same way may be neither as well."""
        before, lines = Decision.objects.values().get(), Event.objects.count()
        try:
            act()
        except MediaBuyerError:
            assert Decision.objects.values().get() == before
            assert Event.objects.count() == lines
            return
        after, written = Decision.objects.values().get(), Event.objects.count() - lines
        assert written == (after != before)
        self.hashes.append(after["content_hash"])

    @rule(hand=HANDS)
    def read_again(self, hand: int) -> None:
        self.hands[hand] = Decision.objects.get()

    @rule(hand=HANDS)
    def ask(self, hand: int) -> None:
        self.move(lambda: self.hands[hand].ask(NOW))

    @rule(hand=HANDS)
    def allow_by_rule(self, hand: int) -> None:
        self.move(lambda: self.hands[hand].approve_by_rule(NOW, NOW))

    @rule(hand=HANDS, who=PEOPLE, hours=HOURS, seen=st.integers(0, 50))
    def approve(self, hand: int, who: str, hours: int, seen: int) -> None:
        shown, later = self.hashes[-1 - seen % len(self.hashes)], NOW + timedelta(hours=hours)
        self.move(lambda: self.hands[hand].approve(self.people[who], shown, later, later))

    @rule(hand=HANDS, who=PEOPLE, reason=st.sampled_from(["risk", "other", "because"]))
    def reject(self, hand: int, who: str, reason: str) -> None:
        self.move(lambda: self.hands[hand].reject(self.people[who], self.hashes[-1], reason, NOW))

    @rule(hand=HANDS, who=PEOPLE, amount=st.integers(41, 60))
    def revise(self, hand: int, who: str, amount: int) -> None:
        row = self.hands[hand]
        changes = [budget_change(row.subject_id, "50", str(amount))]
        self.move(
            lambda: row.revise(self.people[who], self.hashes[-1], NOW, changes=changes, raises_exposure=amount > 55)
        )

    @rule(hand=HANDS, who=PEOPLE, hours=st.integers(1, 72))
    def defer(self, hand: int, who: str, hours: int) -> None:
        self.hands[hand] = Decision.objects.get()  # putting it off for the same time again is a line without a change
        self.hands[hand].deferred_until = None
        Decision.objects.update(deferred_until=None)
        self.move(lambda: self.hands[hand].defer(self.people[who], NOW + timedelta(hours=hours), NOW))

    @rule(hand=HANDS, who=PEOPLE)
    def withdraw(self, hand: int, who: str) -> None:
        self.move(lambda: self.hands[hand].withdraw(self.people[who], NOW))

    @rule(hand=HANDS, who=PEOPLE)
    def reconsider(self, hand: int, who: str) -> None:
        self.move(lambda: self.hands[hand].reconsider(self.people[who], NOW))

    @rule(hand=HANDS)
    def lapse(self, hand: int) -> None:
        self.move(lambda: self.hands[hand].expire(NOW))

    @rule(hand=HANDS)
    def begin(self, hand: int) -> None:
        self.move(lambda: self.hands[hand].begin(NOW))

    @rule(hand=HANDS, state=st.sampled_from(["done", "failed", "unknown", "blocked", "awaiting"]))
    def finish(self, hand: int, state: str) -> None:
        self.move(lambda: self.hands[hand].finish(state, NOW, "" if state == "done" else "Meta said no."))

    @rule(hand=HANDS)
    def take_back(self, hand: int) -> None:
        self.move(lambda: self.hands[hand].mark_undone(NOW, "person:a@example.com"))

    @rule(hand=HANDS, who=PEOPLE)
    def ask_back(self, hand: int, who: str) -> None:
        self.move(lambda: self.hands[hand].begin_undo(self.people[who], NOW, NOW))

    @rule(hand=HANDS, how=st.sampled_from(["failed", "blocked", "unknown"]))
    def fail_to_take_back(self, hand: int, how: str) -> None:
        self.move(lambda: self.hands[hand].fail_undo(how, NOW, "Meta said no."))

    @rule(amount=st.integers(61, 500))
    def tamper(self, amount: int) -> None:
        """Somebody writes other amounts past the model; nothing of it may ever be sent."""
        rows = Decision.objects.exclude(state__in=SENT)
        rows.update(changes=[budget_change("130000", "50", str(amount))])

    @invariant()
    def row_may_stand(self) -> None:
        row = Decision.objects.get()
        only_what_was_approved_is_sent(row)
        assert row.decided_by != self.people["viewer"]
        who_asked_for_it_has_not_approved_it(row)
        only_what_is_done_is_being_taken_back(row)


def only_what_was_approved_is_sent(row: Decision) -> None:
    if row.state in SENT:
        assert row.approved_hash == row.content_hash == row.compute_hash()


def who_asked_for_it_has_not_approved_it(row: Decision) -> None:
    assert not (row.approved_hash and row.decided_by in row.askers())


def only_what_is_done_is_being_taken_back(row: Decision) -> None:
    assert not row.undo_state or row.state in ("done", "failed")


@pytest.mark.django_db
def test_no_sequence_of_moves_sends_what_was_not_approved():
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
