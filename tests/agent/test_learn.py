"""What is kept of a decision that ended, and that keeping it again keeps nothing new."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mediabuyer.agent.learn import learn, remember_decision
from mediabuyer.agent.models import Decision, Outcome, Step
from mediabuyer.agent.steps import step
from memory.models import Episode
from memory.recall import precedents
from tests.factories import AdFactory, CycleFactory, DecisionFactory

pytestmark = pytest.mark.django_db
TITLE = "Raise “Broad” from €50 to €60 a day"


@pytest.fixture
def ended(account):
    def make(state, **fields):
        verdict, figures = fields.pop("verdict", None), fields.pop("figures", {"per_day": "7.00"})
        decision = DecisionFactory.create(account=account, state=state, subject_id="130001", **fields)
        if verdict is not None:
            measured = decision.proposed_at if verdict else None
            Outcome.objects.create(
                decision=decision, due_on=date(2026, 11, 28), verdict=verdict, figures=figures, measured_at=measured
            )
        return Decision.objects.get(pk=decision.pk)

    return make


@pytest.mark.parametrize(
    ("state", "fields", "grade", "text"),
    [
        ("done", {}, "open", f"{TITLE}: done, too early to grade."),
        ("done", {"verdict": ""}, "open", f"{TITLE}: done, too early to grade."),
        ("done", {"verdict": "better"}, "good", f"{TITLE}. Expected +€5.84 a day, got +€7.00."),
        ("done", {"verdict": "as_expected"}, "good", f"{TITLE}. Expected +€5.84 a day, got +€7.00."),
        ("done", {"verdict": "worse"}, "bad", f"{TITLE}. Expected +€5.84 a day, got +€7.00."),
        ("done", {"verdict": "unclear", "expected": {}}, "open", f"{TITLE}. It brought +€7.00 a day."),
        (
            "undone",
            {"verdict": "worse"},
            "bad",
            f"{TITLE}. Expected +€5.84 a day, got +€7.00. It was taken back later.",
        ),
        ("undone", {"verdict": ""}, "open", f"{TITLE}: done, and taken back before it could be graded."),
        ("rejected", {"reason_code": "risk", "note": "Not now."}, "bad", f"{TITLE}: rejected, “Too risky”. Not now."),
        ("rejected", {"reason_code": "risk"}, "bad", f"{TITLE}: rejected, “Too risky”."),
        ("failed", {"error": "Meta said no."}, "bad", f"{TITLE}: failed. Meta said no."),
    ],
)
def test_episode_says_what_came_of_it(ended, now, state, fields, grade, text):
    episode = remember_decision(ended(state, **fields), now)
    assert (episode.outcome, episode.text) == (grade, text)


def test_same_news_is_kept_once(ended, now):
    decision = ended("done", verdict="better")
    remember_decision(decision, now)
    remember_decision(decision, now + timedelta(days=1))
    assert Episode.objects.count() == 1


def test_outcome_makes_a_newer_version(ended, now, account):
    decision = ended("done", verdict="")
    remember_decision(decision, now - timedelta(days=8))
    Outcome.objects.update(verdict="worse", measured_at=now)
    remember_decision(Decision.objects.get(), now)
    [found] = precedents(account, "scale_budget", ["ad_set:130001"], "Broad", now)
    assert (found.outcome, Episode.objects.count()) == ("bad", 2)


def test_angle_of_the_ad_is_an_entity(ended, account, now):
    ad = AdFactory.create(ad_set__campaign__account=account, creative__angle__name="Gift")
    episode = remember_decision(ended("done", ad=ad), now)
    assert set(episode.entities) == {"ad_set:130001", "angle:Gift"}


def test_subject_comes_first_among_entities(ended, account, now):
    episode = remember_decision(
        ended(
            "rejected",
            reason_code="risk",
            subject_level="ad",
            changes=[
                {
                    "kind": "set_status",
                    "level": "ad",
                    "external_id": "130001",
                    "name": "A",
                    "params": {"status": "PAUSED"},
                },
                {
                    "kind": "set_status",
                    "level": "ad",
                    "external_id": "100",
                    "name": "B",
                    "params": {"status": "PAUSED"},
                },
            ],
        ),
        now,
    )
    assert episode.entities == ["ad:130001", "ad:100"]


def test_step_counts_what_it_keeps(ended, account, now):
    ended("done", verdict="", figures={})
    ended("awaiting", action="pause_ad")
    with step(CycleFactory.create(account=account, state="running"), "learn") as note:
        learn(account, now, note)
    assert Step.objects.get().summary == "Graded 0 earlier decisions; 1 is kept to learn from."
