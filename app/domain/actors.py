"""Who acts and what they may do: roles and the one table of permissions."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import NotYours


class Role(StrEnum):
    """Each includes those before it."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    LEAD = "lead"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Can(StrEnum):
    """What there is to do. The value is the words in which a refusal names it."""

    READ = "read the register"
    ADD_EVIDENCE = "add evidence"
    ADD_NOTE = "add a note"
    ACT = "plan and update actions"
    CLAIM = "move a recommendation up to implemented"
    DECIDE = "verify, refuse, close or reopen a recommendation"
    AMEND = "change a recommendation"
    ASSIGN = "decide who owns a recommendation"
    REVIEW = "review evidence and links"
    LINK = "link recommendations"
    ENTER = "enter inspections, recommendations and parties"


NEEDS: dict[Can, Role] = {
    Can.READ: Role.VIEWER,
    Can.ADD_EVIDENCE: Role.CONTRIBUTOR,
    Can.ADD_NOTE: Role.CONTRIBUTOR,
    Can.ACT: Role.CONTRIBUTOR,
    Can.CLAIM: Role.CONTRIBUTOR,
    Can.DECIDE: Role.LEAD,
    Can.AMEND: Role.LEAD,
    Can.ASSIGN: Role.LEAD,
    Can.REVIEW: Role.LEAD,
    Can.LINK: Role.LEAD,
    Can.ENTER: Role.LEAD,
}
"""The least role for each. What a contributor does is bound to its organisation besides."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A principal at work. `name` is who it is (two tokens of one name are one principal);
    `organisation` the one its party belongs to; `places` what it reaches (None: every place)."""

    name: str
    role: Role
    party: str | None = None
    organisation: str | None = None
    places: frozenset[str] | None = None
    anonymous: bool = False

    def reaches(self, place: str) -> bool:
        return self.places is None or place in self.places

    def must_hold(self, can: Can) -> None:
        """NotYours below the least role: for what is not yet there to be asked whose it is."""
        needed = NEEDS[can]
        if self.role.rank < needed.rank:
            raise NotYours(
                f"to {can.value}, a token of the role {needed.value} or above is needed; "
                f"yours is {self.role.value}"
            )

    def must(self, can: Can, *, of: Collection[str | None] | None = None) -> None:
        """NotYours unless this actor may. `of`: the organisations whose matter it is; a
        contributor must belong to one of them (None: a matter of no organisation)."""
        self.must_hold(can)
        needed = NEEDS[can]
        if self.role is not Role.CONTRIBUTOR or needed is not Role.CONTRIBUTOR:
            return
        if of is None or self.organisation is None or self.organisation not in of:
            own = "is accountable" if can is Can.CLAIM else "owns or contributes"
            raise NotYours(
                f"a contributor can {can.value} only where its own organisation {own}; ask a lead"
            )

    def shown(self, name: str | None) -> str | None:
        """The name of somebody who acted, as this reader may see it: anonymous readers do not."""
        return None if self.anonymous else name


ANONYMOUS = Actor(name="anonymous", role=Role.VIEWER, anonymous=True)

RULES = Actor(name="tracker", role=Role.ADMIN)
"""Who acts where one person's change makes another follow by rule."""
