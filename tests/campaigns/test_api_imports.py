"""Files by REST: dropped, understood, confirmed; refused without a trace where they are no table."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from django.db.models import Sum
from django_q.models import OrmQ

from campaigns import tasks
from campaigns.models import AdAccount, ImportFile, InsightDay
from tests.api_client import client_of
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
REPORT = (
    "Campaign name,Ad set name,Ad name,Day,Amount spent (EUR),Impressions,Clicks (all),Results\n"
    "Autumn,Broad,Beans,2026-11-18,12.50,1000,20,2\n"
    "Autumn,Broad,Beans,2026-11-19,7.50,900,10,1\n"
)
URL = "/api/imports/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


def drop(client, text=REPORT, name="report.csv", **fields):
    file = BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = name
    return client.post(URL, {"file": file, **fields}, format="multipart")


@pytest.mark.django_db(transaction=True)
def test_file_is_understood_confirmed_and_imported(client, brand):
    told = drop(client).json()
    assert (told["state"], told["mapping"]["level"], told["mapping"]["currency"]) == ("understood", "ad", "EUR")
    assert told["report"]["totals"] | {"revenue": None} == {
        "spend": 20,
        "impressions": 1900,
        "clicks": 30,
        "results": 3,
        "revenue": None,
    }
    assert told["questions"] == []
    assert AdAccount.objects.count() == 0
    answer = client.post(f"{URL}{told['key']}/confirm/", {"account": "Shop"}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    assert [task.func() for task in OrmQ.objects.all()] == ["campaigns.tasks.import_file"]
    tasks.import_file(ImportFile.objects.get().pk)
    told = client.get(f"{URL}{told['key']}/").json()
    account = AdAccount.objects.get()
    assert (told["state"], told["account"], account.name, account.mode) == (
        "done",
        str(account.key),
        "Shop",
        "shadow",
    )
    assert InsightDay.objects.aggregate(total=Sum("spend"))["total"] == Decimal(20)


def test_open_question_is_asked_before_anything_is_stored(client):
    told = drop(client, REPORT.replace(" (EUR)", "")).json()
    assert [one["key"] for one in told["questions"]] == ["currency"]
    answer = client.post(f"{URL}{told['key']}/confirm/", {}, format="json")
    assert answer.status_code == 422
    assert answer.json()["field"] == "answers.currency"
    assert ImportFile.objects.get().state == "understood"
    answer = client.post(f"{URL}{told['key']}/confirm/", {"answers": {"currency": "USD"}}, format="json")
    assert answer.status_code == 202


@pytest.mark.parametrize("body", [{"answers": []}, {"answers": {"currency": {}}}, {"account": "x" * 121}])
def test_confirmation_of_another_shape_begins_nothing(client, body):
    key = drop(client).json()["key"]
    assert client.post(f"{URL}{key}/confirm/", body, format="json").status_code == 400
    assert ImportFile.objects.get().state == "understood"


def test_answer_that_is_none_of_the_choices_is_refused(client):
    text = b"Day,Campaign name,Amount spent (EUR),Results\n2026-09-01,K,1.50,2\n"
    told = drop(client, text).json()
    answer = client.post(f"{URL}{told['key']}/confirm/", {"answers": {"result_kind": "Leads"}}, format="json")
    assert (answer.status_code, answer.json()["field"]) == (422, "answers.result_kind")
    assert "several, same, purchase" in answer.json()["remedy"]
    answer = client.post(f"{URL}{told['key']}/confirm/", {"answers": {"result_kind": "lead"}}, format="json")
    assert answer.status_code == 202


def test_second_confirmation_is_refused(client):
    key = drop(client).json()["key"]
    codes = [client.post(f"{URL}{key}/confirm/", {}, format="json").status_code for _ in range(2)]
    assert codes == [202, 409]


def test_file_that_is_being_read_waits(client):
    key = drop(client).json()["key"]
    ImportFile.objects.update(mapping={})
    answer = client.post(f"{URL}{key}/confirm/", {}, format="json")
    assert (answer.status_code, ImportFile.objects.get().state) == (409, "understood")


@pytest.mark.parametrize(
    ("content", "status"), [(b"\x89PNG\r\n\x1a\n" + b"x" * 100, 422), (b"", 400), (b"%PDF-1.7 ...", 422)]
)
def test_what_is_no_table_leaves_nothing(client, media, content, status):
    answer = drop(client, content)
    assert answer.status_code == status
    assert ImportFile.objects.count() == 0
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_file_over_the_limit_is_refused_unread(client, settings):
    settings.IMPORT_MAX_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = drop(client)
    assert answer.status_code == 413
    assert ImportFile.objects.count() == 0


def test_request_without_a_file_is_refused(client):
    answer = client.post(URL, {"brand": "x"}, format="multipart")
    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["brand", "file"])
    assert client.post(URL, {}, format="json").status_code == 415


def test_person_of_two_brands_says_which(client, brand, manager):
    other = MemberFactory.create(user=manager, role="manager").brand
    session = client_of(manager, brand)
    assert drop(session).status_code == 200, "a token knows its brand"
    session.credentials()
    session.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = drop(session)
    assert (answer.status_code, answer.json()["field"]) == (422, "brand")
    assert drop(session, brand=str(other.key)).json()["brand"] == str(other.key)


def test_file_cannot_be_put_into_another_brand(client, stranger):
    answer = drop(client, brand=str(stranger.member_set.get().brand.key))
    assert (answer.status_code, ImportFile.objects.count()) == (404, 0)


def test_import_is_unknown_to_a_stranger(client, stranger):
    key = drop(client).json()["key"]
    other = client_of(stranger, stranger.member_set.get().brand)
    assert other.get(f"{URL}{key}/").status_code == 404
    assert other.post(f"{URL}{key}/confirm/", {}, format="json").status_code == 404
    assert other.get(URL).json()["count"] == 0
    assert ImportFile.objects.get().state == "understood"


def test_reading_scope_and_viewers_cannot_import(brand, manager, person):
    for client in (client_of(manager, brand, "read", "run", "decide"), client_of(person("viewer"), brand)):
        assert drop(client).status_code == 403
    assert ImportFile.objects.count() == 0


def test_same_key_drops_a_file_once(client):
    extra = {"HTTP_IDEMPOTENCY_KEY": "one"}
    answers = []
    for _ in range(2):
        file = BytesIO(REPORT.encode())
        file.name = "report.csv"
        answers.append(client.post(URL, {"file": file}, format="multipart", **extra))
    assert answers[0].json() == answers[1].json()
    assert ImportFile.objects.count() == 1
    file = BytesIO(REPORT.replace("12.50", "12.51").encode())
    file.name = "report.csv"
    assert client.post(URL, {"file": file}, format="multipart", **extra).status_code == 422
