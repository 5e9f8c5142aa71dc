"""What the graph holds of content: creatives, their angle and the page they lead to."""

from creatives.models import Angle, Creative, LandingPage
from memory.declarations import EdgeOf, NodeOf

NODES = (
    NodeOf(Angle, "Angle", ("brand__key", "name")),
    NodeOf(LandingPage, "LandingPage", ("brand__key", "url")),
    NodeOf(
        Creative,
        "Creative",
        ("brand__key", "external_id", "name", "headline", "body", "call_to_action", "image_hash", "content_hash"),
    ),
)
EDGES = (
    EdgeOf(Creative, "HAS_ANGLE", to="Angle", end="angle__key"),
    EdgeOf(Creative, "POINTS_TO", to="LandingPage", end="landing_page__key"),
)
