"""Links from a later recommendation to an earlier one, and the lineages that they make."""

from app.domain.links.laws import LinkGiven, LinkReviewGiven, in_order, propose, review
from app.domain.links.lineage import age, family, reraising, restate_reraised, superseded
from app.domain.links.link import (
    LINEAGE,
    Basis,
    Link,
    LinkKind,
    LinkShown,
    State,
    Strength,
    between,
    find,
    links,
    of,
    shown,
    stands,
)

__all__ = [
    "LINEAGE",
    "Basis",
    "Link",
    "LinkGiven",
    "LinkKind",
    "LinkReviewGiven",
    "LinkShown",
    "State",
    "Strength",
    "age",
    "between",
    "family",
    "find",
    "in_order",
    "links",
    "of",
    "propose",
    "reraising",
    "restate_reraised",
    "review",
    "shown",
    "stands",
    "superseded",
]
