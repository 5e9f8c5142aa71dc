"""Whatever is lost, added or altered in the graph behind our back is found, and a rebuild mends it."""

from __future__ import annotations

import pytest

from creatives.models import Creative
from memory.models import GraphChange
from memory.parity import count_all, verify
from memory.projector import drain
from memory.rebuild import is_ours, rebuild
from tests.factories import AdFactory, CreativeFactory

pytestmark = [pytest.mark.neo4j, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def filled(graph, brand):
    """Twenty creatives with an angle and a page each."""
    CreativeFactory.create_batch(20, brand=brand)
    while GraphChange.objects.filter(applied_at=None).exists():  # a transaction elsewhere on the server holds it back
        drain()
    return graph


def unequal():
    return {one.slug: one for one in verify() if not one.is_equal}


def test_equal_after_draining(filled):
    assert unequal() == {}
    assert count_all()["HAS_ANGLE>Angle"] == 20


@pytest.mark.parametrize(
    ("damage", "where", "kind", "how_many"),
    [
        ("MATCH (n:Creative) WITH n LIMIT 3 DETACH DELETE n", "Creative", "missing", 3),
        ("MATCH ()-[r:POINTS_TO]->() WITH r LIMIT 2 DELETE r", "POINTS_TO>LandingPage", "missing", 2),
        ("CREATE (:Angle {key: 'invented', seq: 1, crc: 5})", "Angle", "extra", 1),
        ("MATCH (n:Angle) WITH n LIMIT 1 SET n.crc = n.crc + 1", "Angle", "changed", 1),
        ("MATCH (n:Angle) WITH n LIMIT 1 SET n.name = 'Altered'", "Angle", "altered", 1),
        ("MATCH (n:Angle) WITH n LIMIT 1 REMOVE n.brand", "Angle", "altered", 1),
        ("MATCH ()-[r:HAS_ANGLE]->() WITH r LIMIT 1 SET r.note = 'x'", "HAS_ANGLE>Angle", "altered", 1),
        (
            "MATCH (c:Creative)-[:HAS_ANGLE]->(a) WITH c, a LIMIT 1 CREATE (c)-[:HAS_ANGLE {key: c.key, crc: 1}]->(a)",
            "HAS_ANGLE>Angle",
            "extra",
            1,
        ),
        ("MATCH (c:Creative), (a:Angle) WITH c, a LIMIT 1 CREATE (c)-[:LIKES]->(a)", "undeclared", "extra", 1),
        ("MATCH (c:Creative)-->(a:Angle) WITH c, a LIMIT 2 CREATE (a)-[:HAS_ANGLE]->(c)", "undeclared", "extra", 2),
        (
            "MATCH (c:Creative) WITH c LIMIT 1 MATCH (c)-[r:HAS_ANGLE]->(), (other:Angle) WHERE NOT (c)-->(other) "
            "WITH c, r, properties(r) AS p, other LIMIT 1 DELETE r CREATE (c)-[n:HAS_ANGLE]->(other) SET n = p",
            "HAS_ANGLE>Angle",
            "altered",
            1,
        ),
    ],
)
def test_damage_is_found_and_mended(filled, damage, where, kind, how_many):
    filled.run_alone(damage)
    found = unequal()
    assert len(getattr(found[where], kind)) == how_many
    made = rebuild()
    assert (made.nodes, made.edges, made.without_ends) == (60, 40, 0)
    assert unequal() == {}


def test_row_changed_without_touch_is_found(filled):
    Creative.objects.filter(pk=Creative.objects.first().pk).update(headline="Behind the mirror")
    assert len(unequal()["Creative"].changed) == 1


def test_what_still_waits_is_no_difference(filled):
    CreativeFactory.create()
    creative = Creative.objects.first()
    creative.headline = "On its way"
    creative.save()
    assert unequal() == {}


def test_rebuild_twice_gives_the_same(filled):
    assert rebuild().nodes == rebuild().nodes == 60
    assert unequal() == {}


def test_rebuild_that_was_killed_is_started_again(filled):
    rebuild()
    filled.run_alone("MATCH (m:MirrorState) DELETE m")  # as a rebuild leaves it that did not reach its end
    filled.run_alone("MATCH (n:Creative) DETACH DELETE n")
    assert not is_ours()
    rebuild()
    assert is_ours()
    assert unequal() == {}


def test_rebuild_settles_what_waited(filled):
    CreativeFactory.create()
    rebuild()
    assert GraphChange.objects.filter(applied_at=None).count() == 0
    assert drain().applied == 0
    assert unequal() == {}


def test_change_after_rebuild_arrives(filled):
    rebuild()
    ad = AdFactory.create()
    drain()
    ad.ad_set.delete()
    drain()
    assert filled.read("MATCH (a:Ad) RETURN a") == []
    assert unequal() == {}


def test_nodes_of_other_makers_stay(filled):
    filled.run_alone("MATCH (c:Creative) WITH c LIMIT 1 CREATE (:Foreign {name: 'theirs'})-[:READS]->(c)")
    assert unequal() == {}
    rebuild()
    assert filled.read("MATCH (f:Foreign) RETURN f.name AS name") == [{"name": "theirs"}]
    filled.run_alone("MATCH (f:Foreign) DELETE f")
