"""The labels and relationships of the graph by the name that a `GraphChange` has for them, and their uniqueness."""

from __future__ import annotations

from memory import cypher, graph
from memory.declarations import EdgeOf, NodeOf
from memory.desired import NODES, edge_declarations, node_declarations


def declarations() -> dict[str, NodeOf | EdgeOf]:
    """By slug, nodes before relationships."""
    known: list[NodeOf | EdgeOf] = [*node_declarations(), *edge_declarations()]
    return {one.slug: one for one in known}


def start_of(edge: EdgeOf) -> str:
    """The label of the nodes that its relationships leave."""
    return NODES[edge.model].label


def text(template: str, declaration: NodeOf | EdgeOf) -> str:
    start = start_of(declaration) if isinstance(declaration, EdgeOf) else ""
    return cypher.text(template, declaration, start)


def ensure_constraints() -> None:
    """One key, one node: without these MERGE would scan, and two writers could make twins."""
    for node in node_declarations():
        graph.run_alone(text(cypher.CONSTRAINT, node))
    graph.run_alone(cypher.CONSTRAINT.format(name="mirrorstate_name", label=cypher.STATE, key="name"))


def drop_all() -> None:
    """Removes everything that the mirror ever wrote; nodes of other makers stay."""
    for label in (cypher.STATE, *(node.label for node in node_declarations())):
        graph.run_alone(cypher.DROP.format(label=label))
