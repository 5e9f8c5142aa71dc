"""Decisions and cycles by REST. Answers go the way of the pages: same methods, same guardrails, same refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import django_filters
from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api import OfAccount, accounts_of
from campaigns.clock import known_now, now_for
from campaigns.models import AdAccount
from mediabuyer.agent import answer
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.cycle import ring_cycle, start_cycle
from mediabuyer.agent.models import Cycle, Decision, Finding, Outcome, Step, why_no_return
from mediabuyer.agent.outcomes import outcome_of
from mediabuyer.agent.undo import can_undo, undo
from mediabuyer.agent.unsettled import open_ends, standing_of
from mediabuyer.agent.versions import changed_since
from mediabuyer.brands.api_permissions import HasScope, person_of, token_of
from mediabuyer.brands.idempotency import idempotent
from mediabuyer.brands.models import Scope
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.brands.recent import require_recent_session
from mediabuyer.lib.api_errors import for_programs
from mediabuyer.lib.api_views import View, find
from mediabuyer.lib.clock import database_now, wall_now
from mediabuyer.lib.errors import Conflict

# --- Decisions --------------------------------------------------------------------------------------------------------


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    cycle = serializers.UUIDField(source="cycle.key", default=None, read_only=True, allow_null=True)
    ad = serializers.UUIDField(source="ad.key", default=None, read_only=True, allow_null=True)
    decided_by = serializers.CharField(source="decided_by.email", default=None, read_only=True, allow_null=True)
    requested_by = serializers.CharField(source="requested_by.email", default=None, read_only=True, allow_null=True)
    reason_code = serializers.CharField(read_only=True, help_text="Empty unless it was rejected or set aside.")
    undo_state = serializers.CharField(
        read_only=True,
        help_text="How the last try to take it back stands: running, failed, blocked, unknown, or empty.",
    )

    class Meta:
        model = Decision
        fields = ["key", "cycle", "action", "title", "why", "state", "risk", "ad", "subject_level", "subject_id",
                  "expected", "waiting_cost", "version", "content_hash", "requested_by", "proposed_at", "expires_at",
                  "deferred_until", "decided_by", "decided_at", "reason_code", "note", "execute_after", "finished_at",
                  "error", "undo_state"]  # fmt: skip
        read_only_fields = fields


class FindingSerializer(serializers.ModelSerializer[Finding]):
    class Meta:
        model = Finding
        fields = ["guardrail", "severity", "message", "stage", "created_at"]
        read_only_fields = fields


class OutcomeSerializer(serializers.ModelSerializer[Outcome]):
    verdict = serializers.CharField(
        read_only=True, help_text="better, as_expected, worse, unclear; empty until measured."
    )

    class Meta:
        model = Outcome
        fields = ["verdict", "due_on", "measured_at", "figures"]
        read_only_fields = fields


class WayBackSerializer(serializers.Serializer[Any]):
    possible = serializers.BooleanField()
    words = serializers.CharField()


class StandingSerializer(serializers.Serializer[Any]):
    change = serializers.UUIDField(source="change.key")
    what = serializers.CharField()
    is_undo = serializers.BooleanField()
    known = serializers.CharField(help_text="What is known, in words.")
    next = serializers.CharField(help_text="What happens next, in words.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it is looked for next; null: not by itself.")
    needs_person = serializers.BooleanField()
    may_be_missing = serializers.BooleanField(help_text="Whether it may be said that it did not arrive.")


class DecisionDetailSerializer(DecisionSerializer):
    account = serializers.UUIDField(source="account.key", read_only=True)
    mode = serializers.CharField(source="account.mode", read_only=True, help_text="sandbox, shadow or live.")
    raised_by: Any = serializers.SlugRelatedField(
        many=True, read_only=True, slug_field="email", help_text="Who raised it in any version: may not approve it."
    )
    findings = FindingSerializer(source="finding_set", many=True, read_only=True)
    outcome = serializers.SerializerMethodField()
    undo = serializers.SerializerMethodField()
    unsettled = serializers.SerializerMethodField()

    class Meta(DecisionSerializer.Meta):
        fields = [*DecisionSerializer.Meta.fields, "account", "mode", "raised_by", "params", "changes", "evidence",
                  "way_back",
                  "precedents", "findings", "outcome", "undo", "undo_error", "unsettled"]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OutcomeSerializer(allow_null=True))
    def get_outcome(self, decision: Decision) -> Any:
        """None where nothing is to be graded: what was taken back before its week was over stays without."""
        outcome = outcome_of(decision)
        is_graded = outcome is not None and outcome.measured_at is not None
        is_due = outcome is not None and decision.state != Decision.State.UNDONE
        return OutcomeSerializer(outcome).data if is_graded or is_due else None

    @extend_schema_field(WayBackSerializer)
    def get_undo(self, decision: Decision) -> dict[str, Any]:
        if decision.state == Decision.State.REJECTED:
            why_not = why_no_return(decision, self.context["request"].user, known_now(decision.account))
            return {"possible": not why_not, "words": why_not or "The rejection is taken back, and it waits again."}
        possible, words = can_undo(decision)
        return {"possible": possible, "words": words}

    @extend_schema_field(StandingSerializer(many=True))
    def get_unsettled(self, decision: Decision) -> Any:
        """What was sent and has no certain end yet."""
        return StandingSerializer([standing_of(one, database_now()) for one in open_ends([decision])], many=True).data


def _one_of(choices: Sequence[tuple[str, Any]]) -> django_filters.MultipleChoiceFilter:
    """Several may be given; one that does not exist is answered with those that do."""
    known = ", ".join(value for value, _ in choices)
    return django_filters.MultipleChoiceFilter(
        choices=choices, error_messages={"invalid_choice": f"“%(value)s” is none of: {known}."}
    )


class DecisionFilter(django_filters.FilterSet):
    state = _one_of(Decision.State.choices)
    action = _one_of([(action.slug, action.title) for action in ACTIONS])

    class Meta:
        model = Decision
        fields: list[str] = []


class HashField(serializers.RegexField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "`content_hash` of the decision: 64 characters 0-9 and a-f."
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(r"\A[0-9a-f]{64}\Z", help_text="`content_hash` of the decision as it was read.", **options)


class SeenSerializer(serializers.Serializer[Any]):
    hash = HashField()


class ApprovalSerializer(SeenSerializer):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class RejectionSerializer(ApprovalSerializer):
    reason_code = serializers.ChoiceField(Decision.Reason.choices)


class ChangedSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    field = serializers.CharField()
    seen = serializers.JSONField(allow_null=True)
    now = serializers.JSONField(allow_null=True)


class StaleSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    remedy = serializers.CharField(required=False)
    state = serializers.ChoiceField(Decision.State.choices)
    hash = serializers.CharField(help_text="`content_hash` as it is now.")
    changed = ChangedSerializer(many=True)
    reference = serializers.CharField(required=False, help_text="Of this request, as in the header X-Request-ID.")


@extend_schema(summary="Decisions, newest first", description="`state` and `action` may be given several times.")
class Decisions(OfAccount, ListAPIView[Decision]):
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter
    queryset = Decision.objects.select_related("cycle", "ad", "decided_by", "requested_by")

    def get_queryset(self) -> QuerySet[Decision]:
        return super().get_queryset().filter(account=getattr(self, "account", None))


class OfDecision(View):
    permission_classes = [HasScope]
    serializer_class = DecisionDetailSerializer
    queryset = Decision.objects.none()
    lookup_field = "key"
    what = "decision"

    def get_queryset(self) -> QuerySet[Decision]:
        rows = Decision.objects.filter(account__in=accounts_of(self.request))
        return rows.with_parts().prefetch_related("finding_set", "raised_by")

    def changed(self, key: Any, move: Callable[[Decision], object], seen_hash: str = "") -> Response:
        """The decision after the move; 409 says what it is now and what changed since it was seen."""
        decision = find(self.get_queryset(), self.what, key)
        try:
            move(decision)
        except Conflict as error:
            return _stale(
                find(self.get_queryset(), self.what, key),
                seen_hash,
                error,
                getattr(self.request, "reference", ""),
            )
        return Response(self.get_serializer(find(self.get_queryset(), self.what, key)).data)

    def require_proof_if_live(self, decision: Decision) -> None:
        """Real money: a browser's session has to have proved lately who sits there, as on the pages."""
        if decision.account.mode == AdAccount.Mode.LIVE and may(
            self.request.user, Right.DECIDE, decision.account.brand
        ):
            require_recent_session(self.request)


@extend_schema(summary="One decision: what would be sent, on what evidence, and what the guardrails said")
class OneDecision(OfDecision, RetrieveAPIView[Decision]):
    pass


ANSWERED: dict[int, Any] = {200: DecisionDetailSerializer, 409: StaleSerializer}


class Approve(OfDecision):
    write_scope = Scope.DECIDE

    @extend_schema(summary="Approve exactly what was read", request=ApprovalSerializer, responses=ANSWERED)
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        given = given_by(ApprovalSerializer, request)

        def move(one: Decision) -> None:
            self.require_proof_if_live(one)
            answer.approve(one, person_of(request), given["hash"], known_now(one.account), wall_now(),
                           token_of(request), given["note"])  # fmt: skip

        return self.changed(key, move, given["hash"])


class Reject(OfDecision):
    write_scope = Scope.DECIDE

    @extend_schema(summary="Reject with a reason", request=RejectionSerializer, responses=ANSWERED)
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        given = given_by(RejectionSerializer, request)
        return self.changed(
            key,
            lambda one: answer.reject(one, person_of(request), given["hash"], given["reason_code"],
                                      known_now(one.account), given["note"], token_of(request)),
            given["hash"],
        )  # fmt: skip


class Undo(OfDecision):
    write_scope = Scope.DECIDE

    @extend_schema(
        summary="Take back an approval, or set back what it changed",
        description="Nothing sent yet: the approval is withdrawn. Sent: the way back is planned and passes the "
        "guardrails like every change; the state becomes `undone` when the platform has confirmed.",
        request=None,
        responses=ANSWERED,
    )
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        def move(one: Decision) -> None:
            if one.state != Decision.State.APPROVED:
                self.require_proof_if_live(one)
            undo(one, person_of(request), known_now(one.account), wall_now(), token_of(request))

        return self.changed(key, move)


def given_by(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _stale(decision: Decision, seen_hash: str, error: Conflict, reference: str) -> Response:
    body: dict[str, Any] = {"detail": error.message, "state": decision.state, "hash": decision.content_hash}
    if error.remedy:
        body["remedy"] = for_programs(error.remedy, "the decision")
    is_other = seen_hash and seen_hash != decision.content_hash
    body["reference"] = reference
    return Response(body | {"changed": changed_since(decision, seen_hash) if is_other else []}, 409)


# --- Cycles -----------------------------------------------------------------------------------------------------------


class CycleSerializer(serializers.ModelSerializer[Cycle]):
    started_by = serializers.CharField(source="started_by.email", default=None, read_only=True, allow_null=True)
    decisions = serializers.IntegerField(source="decision_count", default=0, read_only=True)

    class Meta:
        model = Cycle
        fields = ["key", "state", "trigger", "started_by", "now", "created_at", "started_at", "finished_at", "error",
                  "decisions"]  # fmt: skip
        read_only_fields = fields


class StepSerializer(serializers.ModelSerializer[Step]):
    seconds = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Step
        fields = ["order", "name", "state", "waits_for", "summary", "figures", "started_at", "finished_at", "seconds"]
        read_only_fields = fields


class CycleDetailSerializer(CycleSerializer):
    account = serializers.UUIDField(source="account.key", read_only=True)
    mode = serializers.CharField(source="account.mode", read_only=True, help_text="sandbox, shadow or live.")
    steps = StepSerializer(source="step_set", many=True, read_only=True)

    class Meta(CycleSerializer.Meta):
        fields = [*CycleSerializer.Meta.fields, "account", "mode", "steps"]
        read_only_fields = fields


class Cycles(OfAccount, ListAPIView[Cycle]):
    serializer_class = CycleSerializer
    queryset = Cycle.objects.select_related("started_by").annotate(decision_count=Count("decision")).order_by("-id")
    filter_backends = ()
    write_scope = Scope.RUN

    def get_queryset(self) -> QuerySet[Cycle]:
        return super().get_queryset().filter(account=getattr(self, "account", None))

    @extend_schema(summary="Cycles, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Start a cycle", request=None, responses={202: CycleDetailSerializer})
    @idempotent
    def post(self, request: Request, **_: Any) -> Response:
        require(request.user, Right.RUN_CYCLE, self.account.brand)
        cycle = start_cycle(self.account, now_for(self.account), "api", person_of(request))
        ring_cycle(cycle.pk)
        return Response(CycleDetailSerializer(cycle).data, 202)


@extend_schema(summary="One cycle with its steps")
class OneCycle(View, RetrieveAPIView[Cycle]):
    permission_classes = [HasScope]
    serializer_class = CycleDetailSerializer
    queryset = Cycle.objects.none()
    lookup_field = "key"
    what = "cycle"

    def get_queryset(self) -> QuerySet[Cycle]:
        rows = Cycle.objects.filter(account__in=accounts_of(self.request)).select_related("account", "started_by")
        return rows.prefetch_related("step_set").annotate(decision_count=Count("decision")).order_by("-id")
