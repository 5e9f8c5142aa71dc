"""One factory a model: valid by default, nothing random that matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from campaigns.models import Ad, AdAccount, AdSet, Campaign, Change, InsightDay, Operation
from creatives.models import Angle, Creative, LandingPage
from mediabuyer.agent.models import Cycle, Decision
from mediabuyer.brands.models import Brand, Member, Token, User

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


class BrandFactory(DjangoModelFactory[Brand]):
    class Meta:
        model = Brand

    name = factory.Sequence(lambda n: f"Brand {n}")


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    first_name = "Ana"
    last_name = "Kern"
    password = factory.django.Password(PASSWORD)


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member

    brand = factory.SubFactory(BrandFactory)
    user = factory.SubFactory(UserFactory)
    role = "manager"


class AccountFactory(DjangoModelFactory[AdAccount]):
    """A sandbox account with every limit set; its sandbox answers only where a test starts one."""

    class Meta:
        model = AdAccount

    brand = factory.SubFactory(BrandFactory)
    name = "Shop"
    platform = "meta"
    mode = "sandbox"
    external_id = factory.Sequence(lambda n: f"act_{1000 + n}")
    graph_url = "http://127.0.0.1:9"
    currency = "EUR"
    time_zone = "Europe/Berlin"
    daily_cap = Decimal(600)
    ad_set_cap = Decimal(200)
    approval_over = Decimal(20)
    synced_at = NOW
    clock_at = NOW


class CampaignFactory(DjangoModelFactory[Campaign]):
    class Meta:
        model = Campaign

    account = factory.SubFactory(AccountFactory)
    external_id = factory.Sequence(lambda n: f"{120000 + n}")
    name = factory.Sequence(lambda n: f"Campaign {n}")
    status = "ACTIVE"
    effective_status = "ACTIVE"
    objective = "OUTCOME_SALES"


class AdSetFactory(DjangoModelFactory[AdSet]):
    class Meta:
        model = AdSet

    campaign = factory.SubFactory(CampaignFactory)
    account = factory.SelfAttribute("campaign.account")
    external_id = factory.Sequence(lambda n: f"{130000 + n}")
    name = factory.Sequence(lambda n: f"Ad set {n}")
    status = "ACTIVE"
    effective_status = "ACTIVE"
    daily_budget = Decimal(50)
    learning_status = "SUCCESS"


class AngleFactory(DjangoModelFactory[Angle]):
    class Meta:
        model = Angle

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Angle {n}")


class LandingPageFactory(DjangoModelFactory[LandingPage]):
    class Meta:
        model = LandingPage

    brand = factory.SubFactory(BrandFactory)
    url = factory.Sequence(lambda n: f"https://shop.example/page-{n}")


class CreativeFactory(DjangoModelFactory[Creative]):
    class Meta:
        model = Creative

    brand = factory.SubFactory(BrandFactory)
    angle = factory.SubFactory(AngleFactory, brand=factory.SelfAttribute("..brand"))
    landing_page = factory.SubFactory(LandingPageFactory, brand=factory.SelfAttribute("..brand"))
    external_id = factory.Sequence(lambda n: f"{150000 + n}")
    headline = "Fresh coffee"
    body = "Roasted this week."
    content_hash = factory.Sequence(lambda n: f"{n:064x}")


class AdFactory(DjangoModelFactory[Ad]):
    class Meta:
        model = Ad

    ad_set = factory.SubFactory(AdSetFactory)
    campaign = factory.SelfAttribute("ad_set.campaign")
    account = factory.SelfAttribute("ad_set.account")
    creative = factory.SubFactory(CreativeFactory, brand=factory.SelfAttribute("..account.brand"))
    external_id = factory.Sequence(lambda n: f"{140000 + n}")
    name = factory.Sequence(lambda n: f"Ad {n}")
    status = "ACTIVE"
    effective_status = "ACTIVE"


class InsightFactory(DjangoModelFactory[InsightDay]):
    class Meta:
        model = InsightDay

    ad = factory.SubFactory(AdFactory)
    account = factory.SelfAttribute("ad.account")
    day = date(2026, 11, 19)
    until = factory.SelfAttribute("day")
    spend = Decimal(10)
    impressions = 1000
    clicks = 20
    link_clicks = 15
    results = Decimal(1)
    revenue = Decimal(30)


class OperationFactory(DjangoModelFactory[Operation]):
    class Meta:
        model = Operation

    account = factory.SubFactory(AccountFactory)
    workflow = "scale_budget"
    actor = "agent"


class ChangeFactory(DjangoModelFactory[Change]):
    class Meta:
        model = Change

    operation = factory.SubFactory(OperationFactory)
    account = factory.SelfAttribute("operation.account")
    kind = "set_budget"
    level = "ad_set"
    external_id = "130000"
    params = factory.LazyFunction(lambda: {"daily_budget": "60"})
    before = factory.LazyFunction(lambda: {"daily_budget": "50"})
    digest = "0" * 64


class CycleFactory(DjangoModelFactory[Cycle]):
    class Meta:
        model = Cycle

    account = factory.SubFactory(AccountFactory)
    now = NOW
    state = "done"


class DecisionFactory(DjangoModelFactory[Decision]):
    """Awaits an answer: raise one ad set from 50 to 60 a day."""

    class Meta:
        model = Decision

    account = factory.SubFactory(AccountFactory)
    action = "scale_budget"
    title = "Raise “Broad” from €50 to €60 a day"
    why = "Its next euro earns more than it costs."
    subject_level = "ad_set"
    subject_id = factory.Sequence(lambda n: f"{130000 + n}")
    changes = factory.LazyAttribute(lambda o: [budget_change(o.subject_id, "50", "60")])
    expected = factory.LazyFunction(lambda: {"per_day": "5.84", "low": "-0.60", "high": "12.30", "p_loss": 0.12})
    proposed_at = NOW
    expires_at = NOW + timedelta(days=2)
    state = "awaiting"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Decision:
        decision = model_class(*args, **kwargs)
        decision.content_hash = kwargs.get("content_hash") or decision.compute_hash()
        decision.save()
        return decision


class TokenFactory(DjangoModelFactory[Token]):
    class Meta:
        model = Token

    member = factory.SubFactory(MemberFactory)
    name = "Reports"
    scopes = factory.LazyFunction(lambda: ["read"])
    prefix = factory.Sequence(lambda n: f"mb_test{n:05d}"[:12])
    digest = factory.LazyAttribute(lambda o: Token.hash(o.prefix))


def budget_change(external_id: str, before: str, after: str) -> dict[str, Any]:
    return {
        "kind": "set_budget",
        "level": "ad_set",
        "external_id": external_id,
        "name": "Broad",
        "params": {"daily_budget": after},
        "before": {"daily_budget": before},
    }
