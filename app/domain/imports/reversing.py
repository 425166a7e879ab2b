"""Reversal: what an import brought is taken back, unless people have worked on it since.

Recommendations are voided, their corrections undone, links rejected, evidence withdrawn, actions
cancelled: nothing is deleted, and the same refs can be imported again. Inspections, sources,
parties, themes and places claim nothing: they stay, and the answer says so.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import (
    actions,
    assignments,
    base,
    evidence,
    feed,
    finding,
    inspections,
    links,
    recommendations,
    voiding,
)
from app.domain.actions import Action, ActionPatch, ActionStatus
from app.domain.actors import RULES, Actor, Can
from app.domain.base import Given, Prose
from app.domain.errors import Conflict, WorkedOn
from app.domain.evidence import Evidence, Review
from app.domain.imports.runs import ImportRun, one_at_a_time
from app.domain.links import Link, LinkReviewGiven, State
from app.domain.recommendations import Kind, Priority, Recommendation

STAYS = ("place", "theme", "source", "party", "inspection", "bank_holidays")
"""Of what the journal is about, what a reversal leaves as it is."""


class ReversalGiven(Given):
    reason: Prose


def reverse(session: Session, actor: Actor, run: ImportRun, reason: str) -> None:
    """Conflict where the run was not applied or was reversed before; WorkedOn, saying by whose
    work, where people have worked on what it would take away."""
    actor.must(Can.ENTER)
    if not run.applied:
        raise Conflict("this import was not applied: there is nothing to take back")
    if run.reversed_at is not None:
        raise Conflict("this import was reversed before")
    one_at_a_time(session)
    brought = _Brought(session, actor, run)
    if work := brought.worked_on():
        shown = [one | {"actor": actor.shown(one["actor"])} for one in work[: voiding.MOST_WORK]]
        raise WorkedOn(
            "people have worked since on what this import brought, so that a reversal would take "
            "their work away; correct what is wrong, or void it one by one",
            work=shown,
        )
    brought.take_back(actor, f"Reversal of import {run.id}: {reason}")
    run.reversed_at = base.now(session)
    run.reversed_by = actor.name
    run.reversed_reason = reason
    if brought.stays:
        run.warnings = [*run.warnings, f"left as they are: {', '.join(sorted(brought.stays))}"]
    session.add(run)
    session.flush()


class _Brought:
    """What a run's changes made, as it stands now."""

    def __init__(self, session: Session, actor: Actor, run: ImportRun) -> None:
        self.session = session
        self.run = run
        self.last = run.last_seq or 0
        self.entered: list[str] = []
        self.corrected: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        owned: dict[str, str] = {}
        ids: dict[str, list[str]] = {"link": [], "evidence": [], "action": []}
        self.stays: set[str] = set()
        for change in self._changes():
            about, _, what = change["action"].partition(":")
            told = change["after"] or {}
            if about in STAYS:
                self.stays.add(f"{about.replace('_', ' ')} {change['subject']}")
            elif what in ("added", "reinstated") and about == "recommendation":
                self.entered.append(change["subject"])
            elif what == "corrected":
                self.corrected.append((change["subject"], change["before"], told))
            elif what == "owner:assigned":
                owned[change["subject"]] = told["owner"]
            elif what == "evidence:attached":
                ids["evidence"].append(told["evidence"])
            elif about == "action" and what == "added":
                ids["action"].append(change["subject"])
            elif what.startswith("link:"):
                ids["link"].append(told["link"])
        self._lock_inspections(actor)
        # What was voided since, one by one, is gone already.
        standing = self._recommendations(self.entered)
        self.entered = [ref for ref in self.entered if not standing[ref].voided]
        self.owned = {ref: owner for ref, owner in owned.items() if ref not in standing}
        self.links: list[Link] = self._rows(Link, ids["link"])
        self.evidence: list[Evidence] = self._rows(Evidence, ids["evidence"])
        self.actions: list[Action] = self._rows(Action, ids["action"])

    def worked_on(self) -> list[dict[str, Any]]:
        """What people did to it since, in the form of voiding.work_since()."""
        touched = {ref for ref, _, _ in self.corrected} | self.owned.keys()
        rows = self._recommendations(touched)
        found = voiding.work_since(self.session, dict.fromkeys(self.entered, self.last))
        for ref in sorted(touched):
            fields = {
                name
                for subject, _, after in self.corrected
                if subject == ref
                for name, value in after.items()
                if getattr(rows[ref], name) != value
            }
            if fields or rows[ref].owner != self.owned.get(ref, rows[ref].owner):
                found += voiding.work_since(self.session, {ref: self.last}, quiet=())
        for link in self.links:
            if link.version > 1 and link.state is not State.REJECTED:
                found += self._since(
                    link.later, link.reviewed_by, link.reviewed_at, "link:reviewed"
                )
        for piece in self.evidence:
            if not piece.withdrawn and (piece.review is not Review.SUBMITTED or piece.superseded):
                found += self._since(
                    piece.ref, piece.reviewed_by, piece.reviewed_at, "evidence:reviewed"
                )
        going = [one.id for one in self.actions if one.status is not ActionStatus.CANCELLED]
        ours = {piece.id for piece in self.evidence}
        resting = select(Evidence).where(
            col(Evidence.action).in_(going), col(Evidence.withdrawn).is_(False)
        )
        for piece in self.session.scalars(resting) if going else ():
            if piece.id not in ours:
                found += self._since(
                    piece.ref, piece.recorded_by, piece.recorded_at, "evidence:attached"
                )
        return found + voiding.work_since(self.session, dict.fromkeys(going, self.last))

    def take_back(self, actor: Actor, reason: str) -> None:
        """In the order in which one stands on the other."""
        session = self.session
        for action in self.actions:
            if action.status is not ActionStatus.CANCELLED:
                cancelled = ActionPatch(status=ActionStatus.CANCELLED, reason=reason)
                actions.amend(session, actor, action, cancelled)
        for link in self.links:
            if link.state is not State.REJECTED:
                links.review(
                    session, actor, link, LinkReviewGiven(state=State.REJECTED, reason=reason)
                )
        rows = self._recommendations({piece.ref for piece in self.evidence})
        for piece in self.evidence:
            if not piece.withdrawn:
                evidence.withdraw(session, actor, piece, rows[piece.ref], reason)
        self._restore(actor, reason)
        rows = self._recommendations(self.entered)
        voiding.void_all(
            session,
            actor,
            [rows[ref] for ref in self.entered],
            reason,
            by_import=self.run.id,
            since=dict.fromkeys(self.entered, self.last),
        )

    def _restore(self, actor: Actor, reason: str) -> None:
        """The fields that the run corrected, and owners that it set, as they were before."""
        rows = self._recommendations({ref for ref, _, _ in self.corrected} | self.owned.keys())
        for ref, before, _ in self.corrected:
            row = rows[ref]
            old = finding.words_of(row)
            was = {name: getattr(row, name) for name in before}
            row.sqlmodel_update({name: _typed(name, value) for name, value in before.items()})
            if "due_on" in before:
                row.due_earliest = row.due_latest = None
                row.original_due_on = row.original_due_latest = None
            recommendations.note(
                self.session,
                actor,
                row,
                "corrected",
                before=was,
                after=before,
                reason=reason,
                raises=True,
            )
            finding.index(self.session, {ref: finding.words_of(row)}, {ref: old})
        for ref in self.owned:
            assignments.assign(self.session, actor, rows[ref], None, reason)

    def _lock_inspections(self, actor: Actor) -> None:
        """Before their recommendations: the order in which imports take them."""
        slugs: set[str] = set()
        for some in base.batches(self.entered):
            query = select(col(Recommendation.inspection)).where(col(Recommendation.ref).in_(some))
            slugs |= set(self.session.scalars(query.distinct()))
        if slugs:
            inspections.within(self.session, actor, slugs)

    def _changes(self) -> Iterator[dict[str, Any]]:
        """What the run wrote into the journal, with its texts."""
        if self.run.first_seq is None:
            return
        seq = self.run.first_seq - 1
        while seq < self.last:
            found = feed.between(self.session, RULES, seq, self.last, limit=1000)
            yield from found
            seq = found[-1]["seq"]

    def _recommendations(self, refs: Any) -> dict[str, Recommendation]:
        """These, locked in their order."""
        found: dict[str, Recommendation] = {}
        for some in base.batches(sorted(refs)):
            query = select(Recommendation).where(col(Recommendation.ref).in_(some))
            query = query.order_by(col(Recommendation.ref)).with_for_update()
            found |= {row.ref: row for row in self.session.scalars(query)}
        return found

    def _rows(self, kind: Any, ids: list[str]) -> list[Any]:
        found: list[Any] = []
        for some in base.batches(dict.fromkeys(ids)):
            query = select(kind).where(kind.id.in_(some)).order_by(kind.id).with_for_update()
            found += self.session.scalars(query)
        return found

    def _since(self, ref: str, who: str | None, at: Any, what: str) -> list[dict[str, Any]]:
        return [
            {
                "ref": ref,
                "actor": who,
                "at": at and at.isoformat(),
                "action": f"recommendation:{what}",
            }
        ]


def _typed(name: str, value: Any) -> Any:
    """A field's value as the journal has it, as the row has it."""
    kinds: dict[str, Any] = {"kind": Kind, "priority": Priority}
    return kinds[name](value) if name in kinds else value
