"""The Agent page: cycles, journal, score; one cycle while it runs, when it failed, and replayed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from campaigns.models import AdAccount
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.models import Cycle, Decision, Finding, Outcome, Step
from mediabuyer.agent.plan import rank
from mediabuyer.agent.replay import replay
from mediabuyer.agent.scorecard import scorecard
from mediabuyer.agent.snapshots import as_json
from mediabuyer.agent.steps import NAMES
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import wall_now
from memory.events import record
from memory.recall import remember
from tests.agent.worlds import make_ad, make_observation
from tests.factories import NOW, AdSetFactory, CycleFactory, DecisionFactory

pytestmark = pytest.mark.django_db
Page = Callable[..., Any]


@pytest.fixture
def see(account: AdAccount, manager: User) -> Page:
    """`see("agent")` opens an account page as the manager; further keys follow the account's."""

    def get(name: str, *keys: Any, user: User | None = None, htmx: bool = False, **query: str) -> Any:
        client = Client()
        client.force_login(user or manager, backend="django.contrib.auth.backends.ModelBackend")
        headers = {"HX-Request": "true"} if htmx else {}
        return client.get(reverse(name, args=[account.key, *keys]), query, headers=headers)

    return get


def run_steps(cycle: Cycle, *names: str, state: str = "done", **values: Any) -> None:
    """Steps of two seconds each, the last one in the given state."""
    started = wall_now() - timedelta(seconds=30)
    for name in names:
        last = name == names[-1]
        Step.objects.create(
            cycle=cycle,
            order=NAMES.index(name),
            name=name,
            state=state if last else "done",
            summary=f"{name} said",
            started_at=started,
            finished_at=None if last and state == "running" else started + timedelta(seconds=2),
            **(values if last else {}),
        )


def test_empty_agent_page_says_what_will_appear(see: Page) -> None:
    answer = see("agent")
    assert answer.status_code == 200
    assert b"No cycle yet" in answer.content
    assert b"Start a cycle" in answer.content


def test_cycles_list_trigger_duration_and_decisions(see: Page, account: AdAccount, manager: User) -> None:
    started = wall_now()
    cycle = CycleFactory.create(
        account=account, started_by=manager, started_at=started, finished_at=started + timedelta(seconds=9)
    )
    DecisionFactory.create_batch(2, account=account, cycle=cycle)
    DecisionFactory.create(account=account, cycle=cycle, state="done")
    (row,) = see("agent").context["rows"]
    assert (row.trigger, row.seconds) == ("by Ana Kern", 9.0)
    assert row.ended == [("awaiting approval", 2), ("done", 1)]


def test_cycles_page_asks_as_much_for_many_as_for_few(
    see: Page, account: AdAccount, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for cycle in CycleFactory.create_batch(2, account=account):
        DecisionFactory.create(account=account, cycle=cycle)
    with CaptureQueriesContext(connection) as few:
        see("agent")
    for cycle in CycleFactory.create_batch(13, account=account):
        DecisionFactory.create(account=account, cycle=cycle)
    with django_assert_max_num_queries(len(few)):
        see("agent")


def test_score_counts_answers_reasons_and_outcomes(account: AdAccount, manager: User) -> None:
    approved, waits = (DecisionFactory.create(account=account, state="done", approved_hash="x" * 64) for _ in range(2))
    DecisionFactory.create(account=account, state="rejected", reason_code="too_early")
    DecisionFactory.create(account=account, state="rejected", reason_code="too_early", requested_by=manager)
    DecisionFactory.create(account=account, state="expired")
    Outcome.objects.create(decision=approved, due_on=NOW.date(), measured_at=NOW, verdict="better")
    Outcome.objects.create(decision=waits, due_on=NOW.date())
    DecisionFactory.create()  # of another account
    score = scorecard(account, NOW)
    assert (score.proposed, score.asked, score.approved, score.rejected, score.lapsed, score.done) == (4, 1, 2, 2, 1, 2)
    assert score.reasons == [("Too little data yet", 2)]
    assert (score.outcomes, score.due) == ([("Better", 1)], 1)
    assert (score.waiting, score.deferred) == (0, 0)
    DecisionFactory.create(account=account, deferred_until=NOW + timedelta(hours=4))
    assert (scorecard(account, NOW).waiting, scorecard(account, NOW).deferred) == (0, 1)


def test_journal_is_filtered_by_kind(see: Page, account: AdAccount) -> None:
    for kind, subject in (("cycle.started", "cycle"), ("account.stopped", "account")):
        record(kind, subject, account.key, brand=account.brand, account=account.key, now=NOW, actor="agent", reason="x")
    everything, cycles = see("agent-journal"), see("agent-journal", kind="cycle")
    assert [one["event"].kind for one in everything.context["events"]] == ["account.stopped", "cycle.started"]
    assert [one["said"] for one in cycles.context["events"]] == ["started a cycle"]


def test_start_queues_cycle_and_shows_it(
    client: Client, account: AdAccount, manager: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("cycle-start", args=[account.key]))
    cycle = Cycle.objects.get()
    assert (cycle.state, cycle.started_by) == ("queued", manager)
    assert answer["Location"] == reverse("cycle", args=[account.key, cycle.key])
    assert OrmQ.objects.get().func() == "mediabuyer.agent.tasks.run_cycle"


def test_second_start_shows_the_running_one(client: Client, account: AdAccount, manager: User) -> None:
    running = CycleFactory.create(account=account, state="running", started_at=wall_now(), alive_at=wall_now())
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("cycle-start", args=[account.key]))
    assert answer["Location"] == reverse("cycle", args=[account.key, running.key])
    assert Cycle.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("team", 302), ("reviewer", 302), ("manager", 302), ("owner", 302)]
)
def test_start_needs_its_right(
    client: Client, account: AdAccount, person: Callable[[str], User], role: str, status: int
) -> None:
    client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(reverse("cycle-start", args=[account.key])).status_code == status
    assert Cycle.objects.count() == (status == 302)


def test_stranger_finds_no_page(see: Page, account: AdAccount, stranger: User) -> None:
    cycle = CycleFactory.create(account=account)
    for name, keys in (("agent", ()), ("agent-journal", ()), ("cycle", (cycle.key,)), ("cycle-live", (cycle.key,))):
        assert see(name, *keys, user=stranger).status_code == 404


def test_cycle_of_another_account_is_not_found(see: Page) -> None:
    assert see("cycle", CycleFactory.create().key).status_code == 404


def test_running_cycle_tells_step_and_asks_again(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account, state="running", started_at=wall_now(), alive_at=wall_now())
    run_steps(cycle, "observe", state="running", waits_for="Meta: insights of the last 28 days")
    page, part = see("cycle", cycle.key), see("cycle-live", cycle.key, htmx=True)
    assert page.context["at_step"] == 1
    assert b"Waits for Meta: insights of the last 28 days." in part.content
    assert b'hx-trigger="every 2s"' in part.content
    assert b"<html" not in part.content


def test_finished_cycle_is_not_asked_for_again(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account)
    run_steps(cycle, *NAMES)
    part = see("cycle-live", cycle.key, htmx=True)
    assert b"hx-trigger" not in part.content
    assert [step["state"] for step in part.context["steps"]] == ["done"] * 8


def test_live_part_without_script_leads_to_the_page(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account)
    assert see("cycle-live", cycle.key)["Location"] == reverse("cycle", args=[account.key, cycle.key])


def test_failed_cycle_says_what_we_do_and_a_reference(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account, state="failed", error="Meta does not answer.")
    run_steps(cycle, "observe", state="failed")
    text = see("cycle", cycle.key).content.decode()
    assert "I could not finish at “Observe”" in text
    assert "Meta does not answer." in text
    assert "The next cycle tries again by itself" in text
    assert cycle.key.hex[:12] in text


def test_silent_cycle_says_so(see: Page, account: AdAccount) -> None:
    long_ago = wall_now() - timedelta(minutes=11)
    cycle = CycleFactory.create(account=account, state="running", started_at=long_ago, alive_at=long_ago)
    assert b"It has not moved for ten minutes" in see("cycle", cycle.key).content


def test_queued_cycle_without_worker_says_how_to_start_one(see: Page, account: AdAccount) -> None:
    settings.HEARTBEAT_FILE.unlink(missing_ok=True)
    cycle = CycleFactory.create(account=account, state="queued")
    assert b"manage.py qcluster" in see("cycle", cycle.key).content


def test_decisions_show_effect_rule_and_state(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account)
    decision = DecisionFactory.create(account=account, cycle=cycle)
    Finding.objects.create(decision=decision, guardrail="mode", severity="pass", message="Sandbox")
    Finding.objects.create(decision=decision, guardrail="person_decides", severity="approve", message="It moves €10.")
    answer = see("cycle", cycle.key)
    (shown,) = answer.context["decisions"]
    assert [rule["text"] for rule in shown["fired"]] == ["It moves €10."]
    assert "+€5.84" in answer.content.decode()
    assert "−€0.60 to +€12.30" in answer.content.decode()


def test_names_from_outside_are_shown_as_text(see: Page, account: AdAccount) -> None:
    cycle = CycleFactory.create(account=account)
    DecisionFactory.create(account=account, cycle=cycle, title="<script>alert(1)</script>")
    text = see("cycle", cycle.key).content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.fixture
def replayed(account: AdAccount) -> Cycle:
    """A finished cycle that stored what it saw and what it weighed."""
    losing = make_ad("ad2", payout_per_spend=0.3, low=0.2, high=0.4, p_profit=0.0, p_bar=0.0)
    world = make_observation(account_key=str(account.key), ads=(make_ad(), losing))
    found = rank(proposal for action in ACTIONS for proposal in action.propose(world))
    kept = [{"title": one.title, "score": round(one.score, 2), "kept": place == 0} for place, one in enumerate(found)]
    episode = remember(
        brand=account.brand, account_key=account.key, source="decision:1", kind="pause_ad", text="Paused it: got +€2.",
        entities=[], payload={}, outcome="good", occurred_at=NOW, now=NOW,
    )  # fmt: skip
    cycle = CycleFactory.create(account=account, observation=as_json(world), recalled=[str(episode.key)], seed=7)
    run_steps(cycle, *NAMES)
    Step.objects.filter(cycle=cycle, name="plan").update(figures={"candidates": kept})
    verdict = {"title": found[0].title, "verdict": "approve", "fired": ["A person decides this."]}
    Step.objects.filter(cycle=cycle, name="guard").update(figures={"verdicts": [verdict]})
    return cycle


def test_replay_comes_out_the_same(replayed: Cycle) -> None:
    again = replay(replayed)
    assert again is not None
    assert again.is_same


def test_replay_notices_other_candidates(replayed: Cycle) -> None:
    Step.objects.filter(cycle=replayed, name="plan").update(figures={"candidates": [{"title": "Else", "kept": True}]})
    again = replay(replayed)
    assert again is not None
    assert not again.is_same


def test_replay_of_an_older_form_is_declined(replayed: Cycle) -> None:
    replayed.observation = {**replayed.observation, "moods": []}
    assert replay(replayed) is None


def test_replay_page_shows_inputs_memory_and_rules(see: Page, replayed: Cycle) -> None:
    answer = see("cycle", replayed.key)
    inputs, text = answer.context["inputs"], answer.content.decode()
    assert len(inputs["kept"]) == 1
    assert inputs["kept"][0]["fired"] == ["A person decides this."]
    assert inputs["weighed"] == len(inputs["kept"]) + len(inputs["left"])
    assert "The same comes out again" in text
    assert "Paused it: got +€2." in text
    assert inputs["snapshot"] in text


def test_replay_page_says_where_the_ads_lie_and_the_cost_comes_from(
    see: Page, account: AdAccount, replayed: Cycle
) -> None:
    AdSetFactory.create(
        campaign__account=account, external_id=replayed.observation["ads"][0]["ad_set_id"], name="Lapsed"
    )
    replayed.observation["ads"][0] |= {"is_tired": True, "effective_status": "PAUSED"}
    replayed.observation |= {"reference_from": "month"}
    replayed.save()
    text = see("cycle", replayed.key).content.decode()
    assert '<span class="sub">Lapsed, not running</span>' in text
    assert "what it cost in the last 28 days by Meta, since no goal is set" in text


def test_answers_and_outcome_stand_in_order(see: Page, account: AdAccount, replayed: Cycle) -> None:
    decision: Decision = DecisionFactory.create(account=account, cycle=replayed)
    for kind, actor in (("decision.approved", "person:ana@example.com"), ("decision.done", "system")):
        record(
            kind, "decision", decision.key, brand=account.brand, account=account.key, now=NOW, actor=actor, what="it"
        )
    said = [one["said"] for one in see("cycle", replayed.key).context["verdicts"]]
    assert said == ["approved: it", "carried out: it"]
