"""The mirror's Cypher, made from declarations alone; values are parameters. Every write is guarded by `seq`.

A row is {props} or {a, b, props}; key, seq and crc are among the properties: set at once, they cost a third less.
"""

from __future__ import annotations

from memory.declarations import EdgeOf, NodeOf

STATE = "MirrorState"

CONSTRAINT = "CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
PUT_NODES = """
UNWIND $rows AS r MERGE (n:{label} {{key: r.props.key}})
WITH n, r WHERE coalesce(n.seq, -1) < r.props.seq
SET n = r.props
"""
DELETE_NODES = "UNWIND $rows AS r MATCH (n:{label} {{key: r.props.key}}) WHERE n.seq < r.props.seq DETACH DELETE n"

# A row starts at most one relationship of a declaration, so whatever leaves its node is an older state of the same.
# `found` counts the rows whose two ends exist, written now or before.
PUT_EDGES = """
UNWIND $rows AS r MATCH (a:{start} {{key: r.a}}) MATCH (b:{to} {{key: r.b}})
OPTIONAL MATCH (a)-[old:{type}]->(:{to})
WITH r, a, b, collect(old) AS olds
FOREACH (_ IN CASE WHEN all(old IN olds WHERE coalesce(old.seq, -1) < r.props.seq) THEN [1] ELSE [] END |
  FOREACH (old IN olds | DELETE old)
  CREATE (a)-[e:{type}]->(b) SET e = r.props)
RETURN count(*) AS found
"""
UNLINK = (
    "UNWIND $rows AS r MATCH (:{start} {{key: r.props.key}})-[e:{type}]->(:{to}) WHERE e.seq < r.props.seq DELETE e"
)
WITHOUT_ENDS = """
UNWIND $rows AS r WITH r
WHERE NOT EXISTS {{ MATCH (:{start} {{key: r.a}}) }} OR NOT EXISTS {{ MATCH (:{to} {{key: r.b}}) }}
RETURN r.seq AS seq
"""

REACHED = f"""
MERGE (m:{STATE} {{name: 'mirror'}})
SET m.source = $source, m.at = datetime(), m.seq = CASE WHEN coalesce(m.seq, -1) < $seq THEN $seq ELSE m.seq END
"""
WHERE_REACHED = f"MATCH (m:{STATE} {{name: 'mirror'}}) RETURN m.seq AS seq, m.source AS source"
DROP = "MATCH (n:{label}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 5000 ROWS"

COUNT = "MATCH {pattern} RETURN count(x) AS n"
BUCKETS = "MATCH {pattern} RETURN coalesce(x.crc, 0) % 256 AS bucket, count(x) AS n, sum(coalesce(x.crc, 0)) AS sum"
KEYS = "MATCH {pattern} WHERE coalesce(x.crc, 0) % 256 IN $buckets RETURN x.key AS key, coalesce(x.crc, 0) AS crc"
SAMPLE_NODES = "MATCH {pattern} WITH x ORDER BY rand() LIMIT $size RETURN properties(x) AS props"
SAMPLE_EDGES = """
MATCH {pattern} WITH x ORDER BY rand() LIMIT $size
RETURN properties(x) AS props, startNode(x).key AS a, endNode(x).key AS b
"""

# Between two nodes of ours, and of no kind that any declaration knows.
UNDECLARED = """
MATCH (a)-[x]->(b)
WHERE any(l IN labels(a) WHERE l IN $labels) AND any(l IN labels(b) WHERE l IN $labels)
  AND none(d IN $declared WHERE d[0] IN labels(a) AND d[1] = type(x) AND d[2] IN labels(b))
RETURN count(x) AS n, [one IN collect({a: a.key, type: type(x), b: b.key})[..$shown] |
  toString(one.a) + '-[' + one.type + ']->' + toString(one.b)] AS shown
"""


def text(template: str, declaration: NodeOf | EdgeOf, start: str = "") -> str:
    """`template` for a label, or for a relationship that starts at nodes labelled `start`."""
    if isinstance(declaration, NodeOf):
        label = declaration.label
        return template.format(label=label, name=f"{label.lower()}_key", key="key", pattern=f"(x:{label})")
    kind, to = declaration.type, declaration.to
    return template.format(start=start, type=kind, to=to, pattern=f"(:{start})-[x:{kind}]->(:{to})")
