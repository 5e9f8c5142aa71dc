"""By REST: what a person can say of a change of which nobody knows whether it arrived. The way of the pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.clock import known_now
from campaigns.models import Change
from mediabuyer.agent import unsettled
from mediabuyer.agent.api import ANSWERED, HashField, OfDecision, given_by
from mediabuyer.agent.models import Decision
from mediabuyer.brands.api_permissions import person_of, token_of
from mediabuyer.brands.idempotency import idempotent
from mediabuyer.brands.models import Scope
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict


class WordSerializer(serializers.Serializer[Any]):
    hash = HashField()
    change = serializers.UUIDField(help_text="`change` of one entry of the decision's `unsettled`.")


class Settling(OfDecision):
    """One word on one change: right, separation and hash as for an answer; 409 where the platform shows otherwise."""

    write_scope = Scope.DECIDE

    def settle(self, request: Request, key: Any, act: Any) -> Response:
        given = given_by(WordSerializer, request)

        def move(decision: Decision) -> None:
            require(request.user, Right.DECIDE, decision.account.brand)
            self.require_proof_if_live(decision)
            act(
                decision,
                _open_change(decision, given["change"]),
                person_of(request),
                given["hash"],
                known_now(decision.account),
                token_of(request),
            )

        return self.changed(key, move, given["hash"])


def _open_change(decision: Decision, key: Any) -> Change:
    change = unsettled.open_ends([decision]).filter(key=key).first()
    if change is None:
        raise Conflict("This decision has no such open change.", remedy="GET the decision again.")
    return change


class LookAgain(Settling):
    @extend_schema(
        summary="Look for a change of unknown outcome again",
        description="It is looked for first, and sent once more only if it is not there and the guardrails allow it.",
        request=WordSerializer,
        responses=ANSWERED,
    )
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        return self.settle(request, key, unsettled.look_again)


class Arrived(Settling):
    @extend_schema(
        summary="Say that a change of unknown outcome arrived",
        description="The object is read back first; 409 where the platform shows otherwise or cannot be asked.",
        request=WordSerializer,
        responses=ANSWERED,
    )
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        return self.settle(request, key, unsettled.say_arrived)


class Missing(Settling):
    @extend_schema(
        summary="Say that a change of unknown outcome did not arrive",
        description="It failed then and no longer counts against the caps; 409 while it may still land.",
        request=WordSerializer,
        responses=ANSWERED,
    )
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        return self.settle(request, key, unsettled.say_missing)
