"""Every change of a declared model is in the outbox when its transaction commits, once, and in full."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection, transaction

from creatives.models import Angle, Creative
from memory.desired import NODES, desired, desired_of
from memory.mirror import reconcile, touch
from memory.models import GraphChange
from tests.factories import (
    AdFactory,
    AdSetFactory,
    AngleFactory,
    BrandFactory,
    CampaignFactory,
    CreativeFactory,
    DecisionFactory,
)

pytestmark = pytest.mark.django_db


def changes(**wanted):
    return list(GraphChange.objects.filter(**wanted).values_list("op", "label"))


def test_saved_creative_leaves_node_and_edges():
    creative = CreativeFactory.create(headline="Fresh coffee")
    assert changes(key=str(creative.key)) == [
        ("node", "Creative"),
        ("edge", "HAS_ANGLE>Angle"),
        ("edge", "POINTS_TO>LandingPage"),
    ]
    node = GraphChange.objects.get(label="Creative")
    assert node.payload["props"]["headline"] == "Fresh coffee"
    assert node.payload["props"]["brand"] == str(creative.brand.key)
    assert GraphChange.objects.get(label="HAS_ANGLE>Angle").payload == {
        "a": str(creative.key),
        "b": str(creative.angle.key),
        "props": {},
    }


def test_saving_without_change_writes_nothing():
    creative = CreativeFactory.create()
    before = GraphChange.objects.count()
    creative.save()
    assert touch([creative]) == 0
    assert GraphChange.objects.count() == before


def test_stale_instance_cannot_send_old_values():
    creative = CreativeFactory.create(headline="Old")
    Creative.objects.filter(pk=creative.pk).update(headline="New")
    creative.save(update_fields=["body"])
    assert GraphChange.objects.filter(label="Creative").latest("seq").payload["props"]["headline"] == "New"


def test_rolled_back_change_leaves_nothing():
    with transaction.atomic():
        AngleFactory.create()
        transaction.set_rollback(True)
    assert GraphChange.objects.count() == 0


def test_emptied_foreign_key_unlinks():
    creative = CreativeFactory.create()
    creative.angle = None
    creative.save()
    assert changes(label="HAS_ANGLE>Angle") == [("edge", "HAS_ANGLE>Angle"), ("unlink", "HAS_ANGLE>Angle")]


def test_edge_that_never_was_is_not_unlinked():
    CreativeFactory.create(angle=None)
    assert changes(label="HAS_ANGLE>Angle") == []


def test_deleted_angle_ends_its_edges():
    creative = CreativeFactory.create()
    creative.angle.delete()
    last = GraphChange.objects.latest("seq")
    assert (last.op, last.label) == ("delete", "Angle")
    assert changes(label="HAS_ANGLE>Angle", key=str(creative.key))[-1] == ("unlink", "HAS_ANGLE>Angle")


def test_deleted_and_restored_row_is_a_node_again():
    angle = AngleFactory.create()
    key = angle.key
    angle.delete()
    Angle.objects.create(key=key, brand=angle.brand, name=angle.name)
    assert changes(label="Angle") == [("node", "Angle"), ("delete", "Angle"), ("node", "Angle")]


def test_bulk_path_takes_three_queries(django_assert_num_queries):
    brand = BrandFactory.create()
    angles = Angle.objects.bulk_create([Angle(brand=brand, name=f"Angle {number}") for number in range(50)])
    with django_assert_num_queries(3):
        assert touch(angles) == 50
    assert touch(Angle.objects.all()) == 0


def test_touch_takes_several_models_and_passes_over_others(account):
    ad = AdFactory.create(ad_set__campaign__account=account)
    GraphChange.objects.all().delete()
    assert touch([ad, ad.ad_set, account.brand]) == 2 + 1 + 1 + 1


def test_tree_belongs_upwards(account):
    ad = AdFactory.create(ad_set__campaign__account=account)
    found = {c.label: (c.payload["a"], c.payload["b"]) for c in GraphChange.objects.filter(op="edge")}
    assert found["BELONGS_TO>Account"] == (str(ad.campaign.key), str(account.key))
    assert found["BELONGS_TO>Campaign"] == (str(ad.ad_set.key), str(ad.campaign.key))
    assert found["BELONGS_TO>AdSet"] == (str(ad.key), str(ad.ad_set.key))
    assert found["USES>Creative"] == (str(ad.key), str(ad.creative.key))


def test_decision_leads_to_its_ad_set(account):
    ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account))
    AdSetFactory.create(external_id=ad_set.external_id)  # the same id in a stranger's account
    decision = DecisionFactory.create(account=account, subject_id=ad_set.external_id)
    edges = GraphChange.objects.filter(label__startswith="LED_TO", op="edge")
    assert edges.get().payload["b"] == str(ad_set.key)
    assert edges.get().payload["props"]["action"] == decision.action


def test_one_row_is_read_as_its_whole_table_is(account):
    """Saving reads a row by a statement of its own, put together once for each model."""
    ad = AdFactory.create(ad_set__campaign__account=account, creative=CreativeFactory.create(brand=account.brand))
    AdFactory.create(creative=None)
    DecisionFactory.create(account=account, subject_id=ad.ad_set.external_id)
    DecisionFactory.create()
    for model in NODES:
        pks = model._base_manager.values_list("pk", flat=True)
        assert pks
        singly = [state for pk in pks for state in desired_of(model, pk)]
        assert sorted(singly, key=repr) == sorted(desired(model._base_manager.all()), key=repr)
        assert list(desired_of(model, max(pks) + 1)) == []


def test_move_of_decision_reaches_the_outbox(account, manager, now):
    decision = DecisionFactory.create(account=account)
    decision.approve(manager, decision.content_hash, now, now)
    assert GraphChange.objects.filter(label="Decision").latest("seq").payload["props"]["state"] == "approved"


def test_stop_of_account_reaches_the_outbox(account, manager, now):
    account.stop(manager, "Promotion ended", now)
    assert GraphChange.objects.filter(label="Account").latest("seq").payload["props"]["is_stopped"] is True


def test_reconcile_finds_what_was_not_touched():
    creative, gone = CreativeFactory.create(), AngleFactory.create()
    Creative.objects.filter(pk=creative.pk).update(headline="Changed behind the mirror")
    Angle.objects.filter(pk=gone.pk)._raw_delete("default")
    before = GraphChange.objects.latest("seq").seq
    assert reconcile() == 2
    assert [(c.op, c.key) for c in GraphChange.objects.filter(seq__gt=before)] == [
        ("delete", str(gone.key)),
        ("node", str(creative.key)),
    ]
    assert reconcile() == 0


def test_transaction_number_is_the_databases():
    AngleFactory.create()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert GraphChange.objects.get().tx == cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_slow_reader_cannot_overwrite_newer_state(brand):
    """Somebody touches a row that another transaction is changing: it waits, and then sees the change."""
    angle = AngleFactory.create(brand=brand, name="Old")
    touched = Thread(target=lambda: (touch([angle]), connection.close()))
    with transaction.atomic():
        angle.name = "New"
        angle.save()
        touched.start()
        touched.join(timeout=0.3)
        assert touched.is_alive()
    touched.join(timeout=10)
    assert [c.payload["props"]["name"] for c in GraphChange.objects.filter(label="Angle")] == ["Old", "New"]
