"""The API against its own description: valid, complete, and nothing that fits it or not breaks the server."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from itertools import product
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns import uploads
from mediabuyer.brands.models import Token
from tests.api_client import ALL
from tests.factories import AdFactory, AdSetFactory, CampaignFactory, CycleFactory, DecisionFactory, InsightFactory

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
EVERY_TIME_THE_SAME = settings(
    derandomize=True, max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A real WSGI request ends with closing its connection, which here holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def keys(account, brand, manager, django_user_model, settings, tmp_path) -> dict[str, str]:
    """What `{key}` may be, by the beginning of the path, so that more than 404 is met."""
    settings.MEDIA_ROOT = tmp_path
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=CampaignFactory.create(account=account)))
    InsightFactory.create(ad=ad)
    cycle = CycleFactory.create(account=account)
    decision = DecisionFactory.create(account=account, cycle=cycle, ad=ad)
    upload = uploads.keep(brand, manager, "report.csv", [b"Day,Amount spent,Impressions\n2026-11-18,12.50,1000\n"])
    uploads.read(upload)
    found = {"accounts": account, "decisions": decision, "cycles": cycle, "imports": upload}
    return {f"/api/{name}/": str(row.key) for name, row in found.items()}


def describe() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_description_is_valid_and_without_warnings():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_every_operation_says_how_it_refuses():
    for path, operations in describe()["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert {"401", "403", "404"} <= set(operation["responses"]), path
            if method == "post":
                assert {"409", "422"} <= set(operation["responses"]), path
                assert "Idempotency-Key" in [one["name"] for one in operation["parameters"]], path


@pytest.mark.timeout(300)
def test_no_content_breaks_the_server(one_connection, keys, brand, manager):
    """Made from the description, fitting and not; each with the keys of real rows and a token of all scopes."""
    _, secret = Token.issue(brand.member_set.get(user=manager), "fuzz", ALL)
    schema = schemathesis.openapi.from_dict(describe())
    schema.app = get_wsgi_application()
    for found, mode in product(schema.get_all_operations(), GenerationMode):

        @EVERY_TIME_THE_SAME
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            if "key" in case.path_parameters:
                case.path_parameters["key"] = next(key for start, key in keys.items() if case.path.startswith(start))
            case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS)

        check()
