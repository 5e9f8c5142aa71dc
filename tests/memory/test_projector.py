"""From outbox to the real Neo4j: in order, once, and never lost, whatever dies in between."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connections

from creatives.models import Angle
from memory import projector
from memory.loop import Projector, tidy
from memory.models import GraphChange, GraphMirror
from memory.parity import verify
from memory.projector import BATCH, Drained, drain, projector_lock, read_waiting, send, source
from memory.rebuild import is_ours, rebuild
from tests.factories import NOW, AdFactory, AngleFactory, CreativeFactory, DecisionFactory

pytestmark = [pytest.mark.neo4j, pytest.mark.django_db(transaction=True)]

ANGLES = "MATCH (n:Angle) RETURN n.key AS key, n.name AS name ORDER BY name"
EVERYTHING = """
MATCH (n) WHERE n.key IS NOT NULL OPTIONAL MATCH (n)-[r]->(m) RETURN n, type(r) AS t, r.crc AS c, m.key AS m
"""


def is_equal():
    return all(one.is_equal for one in verify())


def picture(graph):
    """Everything in the graph but the sequence numbers."""

    def plain(row):
        node = {name: value for name, value in row["n"].items() if name != "seq"}
        return str((sorted(node.items()), row["t"], row["c"], row["m"]))

    return sorted(plain(row) for row in graph.read(EVERYTHING))


def test_tree_arrives_whole(graph, account):
    ad = AdFactory.create(ad_set__campaign__account=account)
    decision = DecisionFactory.create(account=account, subject_id=ad.ad_set.external_id)
    assert drain().troubled == 0
    way = graph.read("""
        MATCH (d:Decision)-[led:LED_TO]->(s:AdSet)<-[:BELONGS_TO]-(ad:Ad)-[:USES]->(c:Creative)-[:HAS_ANGLE]->(g:Angle)
        MATCH (c)-[:POINTS_TO]->(p:LandingPage), (s)-[:BELONGS_TO]->(:Campaign)-[:BELONGS_TO]->(a:Account)
        RETURN d.key AS d, led.action AS action, ad.key AS ad, g.name AS g, p.url AS p, a.currency AS currency""")
    creative = ad.creative
    assert way == [
        {
            "d": str(decision.key),
            "action": "scale_budget",
            "ad": str(ad.key),
            "g": creative.angle.name,
            "p": creative.landing_page.url,
            "currency": "EUR",
        }
    ]
    assert is_equal()


def test_drained_twice_changes_nothing(graph, brand):
    AngleFactory.create(brand=brand)
    assert drain() == Drained(1, 0)
    assert drain() == Drained(0, 0)


def test_many_small_batches_give_the_same_graph(graph, account):
    for _ in range(3):
        AdFactory.create(ad_set__campaign__account=account)
    assert drain(batch=2).troubled == 0
    assert GraphChange.objects.filter(applied_at=None).count() == 0
    assert is_equal()


def test_changed_angle_moves_the_edge(graph, brand):
    creative = CreativeFactory.create(brand=brand)
    drain()
    creative.angle = AngleFactory.create(brand=brand, name="Proof")
    creative.save()
    drain()
    assert graph.read("MATCH (:Creative)-[:HAS_ANGLE]->(a) RETURN a.name AS name") == [{"name": "Proof"}]


def test_deleted_row_leaves_the_graph(graph, brand):
    creative = CreativeFactory.create(brand=brand)
    drain()
    creative.angle.delete()
    drain()
    assert graph.read("MATCH (a:Angle) RETURN a") == []
    assert is_equal()


def test_open_transaction_holds_back_what_came_after(graph, brand):
    """Numbers are drawn before the commit: a reader that goes by them alone would lose the slow one."""
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_current_xact_id()")
        AngleFactory.create(brand=brand)
        assert drain() == Drained(0, 0)
        cursor.execute("COMMIT")
    other.close()
    assert drain() == Drained(1, 0)


def test_death_between_commit_and_mark_is_harmless(graph, brand):
    creative = CreativeFactory.create(brand=brand)
    rows = read_waiting(BATCH)
    assert send(rows, rows[-1].seq, source()) == {}  # and the process dies here, before `mark`
    creative.headline = "Changed meanwhile"
    creative.save()
    assert is_ours()
    assert drain().troubled == 0
    assert graph.read("MATCH (c:Creative) RETURN c.headline AS h") == [{"h": "Changed meanwhile"}]
    assert is_equal()


def test_older_state_never_overwrites_newer(graph, brand):
    angle = AngleFactory.create(brand=brand, name="Old")
    old = read_waiting(BATCH)
    angle.name = "New"
    angle.save()
    drain()
    assert send(old, old[-1].seq, source()) == {}
    assert graph.read(ANGLES) == [{"key": str(angle.key), "name": "New"}]


def test_shuffled_and_doubled_changes_give_the_same_graph(graph, brand):
    for number in range(12):
        creative = CreativeFactory.create(brand=brand, headline=f"First {number}")
        creative.headline = f"Second {number}"
        creative.angle = None if number % 3 else creative.angle
        creative.save()
    Angle.objects.filter(creative=None).first().delete()
    drain()
    expected = picture(graph)
    rows = list(GraphChange.objects.values_list("seq", flat=True))
    rng = random.Random(7)
    for _ in range(30):
        GraphChange.objects.filter(seq__in=rng.sample(rows, 8)).update(applied_at=None)
        assert drain().troubled == 0
    assert picture(graph) == expected
    assert is_equal()


def test_replay_of_all_changes_gives_the_same_graph(graph, account):
    ad = AdFactory.create(ad_set__campaign__account=account)
    ad.ad_set.daily_budget = 60
    ad.ad_set.save()
    AdFactory.create(ad_set__campaign__account=account).delete()
    drain()
    expected = picture(graph)
    rebuild()
    assert picture(graph) == expected
    graph.run_alone("MATCH (n) WHERE NOT n:MirrorState DETACH DELETE n")
    GraphChange.objects.update(applied_at=None)
    drain()
    assert picture(graph) == expected


def test_poison_is_set_aside_and_the_rest_goes_on(graph, brand):
    angles = [AngleFactory.create(brand=brand) for _ in range(7)]
    poison = GraphChange.objects.get(key=str(angles[3].key))
    GraphChange.objects.filter(pk=poison.pk).update(payload={"props": {"name": {"not": "a plain value"}}})
    assert drain() == Drained(6, 1)
    for _ in range(projector.MAX_TRIES - 1):
        GraphChange.objects.filter(pk=poison.pk).update(retry_at=None)
        drain()
    poison.refresh_from_db()
    assert poison.set_aside_at is not None
    assert poison.tries == projector.MAX_TRIES
    assert "Map" in poison.trouble
    assert len(graph.read(ANGLES)) == 6
    assert [one.missing for one in verify() if not one.is_equal] == [[str(angles[3].key)]]


@pytest.mark.parametrize("payload", ["garbage", [], {"props": "garbage"}, {"props": {}}])
def test_malformed_payload_holds_up_nobody(graph, brand, payload):
    creative = CreativeFactory.create(brand=brand)
    GraphChange.objects.filter(label="HAS_ANGLE>Angle").update(payload=payload)
    assert drain() == Drained(4, 1)
    assert GraphChange.objects.get(key=str(creative.key), applied_at=None).trouble.startswith("Its payload")


def test_edge_without_end_waits_for_it(graph, brand):
    creative = CreativeFactory.create(brand=brand)
    node = GraphChange.objects.get(label="Angle")
    node.delete()
    assert drain().troubled == 1
    parked = GraphChange.objects.get(label="HAS_ANGLE>Angle")
    assert (parked.trouble, parked.tries) == ("One of its ends is not in the graph.", 1)
    Angle.objects.get(pk=creative.angle.pk).save()
    GraphChange.objects.filter(pk=parked.pk).update(retry_at=None)
    assert drain().troubled == 0
    assert is_equal()


def test_undeclared_label_is_refused(graph, brand):
    angle = AngleFactory.create(brand=brand)
    GraphChange.objects.filter(key=str(angle.key)).update(label="Angle) DETACH DELETE (x")
    assert drain() == Drained(0, 1)


def test_second_projector_waits_for_the_first(graph, brand):
    AngleFactory.create(brand=brand)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [projector.LOCK])
        with projector_lock() as mine:
            assert mine is False
        assert Projector().step() == Drained(0, 0)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [projector.LOCK])
    other.close()
    assert Projector().step() == Drained(1, 0)


def test_exchanged_graph_is_filled_again(graph, brand):
    AngleFactory.create(brand=brand)
    drain()
    graph.run_alone("MATCH (n) DETACH DELETE n")
    assert not is_ours()
    Projector().step()
    assert is_ours()
    assert len(graph.read(ANGLES)) == 1
    assert GraphMirror.objects.get().state == "ready"


def test_graph_of_another_database_is_filled_again(graph, brand):
    graph.run_alone("MATCH (m:MirrorState) SET m.source = 'another', m.seq = 999999")
    graph.run_alone("CREATE (:Angle {key: 'foreign', seq: 999999, crc: 1})")
    AngleFactory.create(brand=brand)
    Projector().step()
    assert len(graph.read(ANGLES)) == 1
    assert is_equal()


def test_tidy_keeps_the_last_of_each_key(graph, brand):
    angle = AngleFactory.create(brand=brand, name="Old")
    angle.name = "New"
    angle.save()
    drain()
    GraphChange.objects.update(applied_at=NOW)
    assert tidy(NOW + timedelta(days=8)) == 1
    assert GraphChange.objects.get().payload["props"]["name"] == "New"
    angle.save()
    assert GraphChange.objects.count() == 1
