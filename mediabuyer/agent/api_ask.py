"""By REST: a person's proposal, several at once. The way of the Ads page: same right, same guardrails, same words."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.clock import known_now
from mediabuyer.agent import api
from mediabuyer.agent.answer import retract
from mediabuyer.agent.ask import MOST, Item, propose_by_person, read_nodes
from mediabuyer.agent.wish import Deed, Node, read_wish
from mediabuyer.brands.api_permissions import person_of, token_of
from mediabuyer.brands.idempotency import idempotent
from mediabuyer.brands.models import Scope
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Invalid


class AskSerializer(serializers.Serializer[Any]):
    do = serializers.ChoiceField([one.value for one in Deed])
    items = serializers.ListField(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=MOST,
        help_text="Keys of ads, ad sets and campaigns, as `campaigns/` lists them.",
    )
    daily_budget = serializers.CharField(
        max_length=40, required=False, default="", allow_blank=True, help_text="For `set_budget`, such as `60.00`."
    )
    percent = serializers.CharField(
        max_length=20, required=False, default="", allow_blank=True, help_text="For `change_budget`: `10` or `-10`."
    )
    reason = serializers.CharField(max_length=2000, help_text="In words, for whoever decides.")


class FoundSerializer(serializers.Serializer[Any]):
    guardrail = serializers.CharField()
    severity = serializers.CharField()
    message = serializers.CharField()


class ItemSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField(source="node.key")
    level = serializers.CharField()
    name = serializers.CharField(source="node.name")
    problem = serializers.CharField(help_text="Why it was not proposed; empty if it was.")
    findings = FoundSerializer(many=True, source="guarded.findings", default=list)
    decision = api.DecisionSerializer(allow_null=True)


class AskedSerializer(serializers.Serializer[Any]):
    proposed = serializers.IntegerField()
    results = ItemSerializer(many=True)


class RefusedSerializer(AskedSerializer):
    detail = serializers.CharField()
    remedy = serializers.CharField()
    reference = serializers.CharField(help_text="Of this request, as in the header X-Request-ID.")


class Decisions(api.Decisions):
    write_scope = Scope.RUN

    @extend_schema(summary="Decisions, newest first", description="`state` and `action` may be given several times.")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Propose changes of ads and budgets",
        description="Each item becomes a decision of its own that waits for somebody else's approval. What a guardrail "
        "forbids or an open decision speaks about already is named in `problem` and not made; 409 where nothing was.",
        request=AskSerializer,
        responses={201: AskedSerializer, 409: RefusedSerializer},
    )
    @idempotent
    def post(self, request: Request, **_: Any) -> Response:
        require(request.user, Right.PROPOSE, self.account.brand)
        given = api.given_by(AskSerializer, request)
        wish = read_wish(given["do"], given["daily_budget"], given["percent"], self.account.currency)
        items = propose_by_person(
            self.account,
            person_of(request),
            self._nodes(given["items"]),
            wish,
            given["reason"],
            known_now(self.account),
            token_of(request),
        )
        return _told(items, getattr(request, "reference", ""))

    def _nodes(self, keys: list[Any]) -> list[Node]:
        nodes = read_nodes(self.account, keys)
        missing = set(keys) - {node.key for node in nodes}
        if missing:
            raise Invalid(
                "items",
                str(min(missing)),
                "This account has no such ad, ad set or campaign.",
                remedy="Read them again from campaigns/.",
            )
        return nodes


class Retract(api.OfDecision):
    write_scope = Scope.RUN

    @extend_schema(
        summary="Take back what one has proposed oneself", request=api.SeenSerializer, responses=api.ANSWERED
    )
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        seen_hash = api.given_by(api.SeenSerializer, request)["hash"]
        return self.changed(
            key,
            lambda one: retract(one, person_of(request), seen_hash, known_now(one.account), token_of(request)),
            seen_hash,
        )


def _told(items: list[Item], reference: str) -> Response:
    made = sum(item.decision is not None for item in items)
    body = dict(AskedSerializer({"proposed": made, "results": items}).data)
    if made:
        return Response(body, 201)
    refused = {"detail": "Nothing was proposed.", "remedy": "See `problem` of each item.", "reference": reference}
    return Response(refused | body, 409)
