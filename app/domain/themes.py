"""Themes: the controlled list of what recommendations are about, and which are about what."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, delete, select
from sqlmodel import Field, Session, col

from app.domain import bulk, changes
from app.domain.actors import Actor
from app.domain.base import NAME, Given, Line, Shown, Slug, Table
from app.domain.errors import Malformed


class Theme(Table, table=True):
    """A subject that recommendations are about, from a controlled list."""

    slug: str = Field(primary_key=True, sa_type=NAME)
    title: str = Field(max_length=300)


class RecommendationTheme(Table, table=True):
    """A theme of a recommendation: the index by which lists filter. `themes` shows the same."""

    __tablename__ = "recommendation_theme"

    theme: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="theme.slug", ondelete="RESTRICT"
    )
    ref: str = Field(
        primary_key=True,
        sa_type=NAME,
        foreign_key="recommendation.ref",
        ondelete="RESTRICT",
        index=True,
    )


class ThemeGiven(Given):
    slug: Slug
    title: Line


class ThemeShown(Shown):
    slug: str
    title: str


def add(session: Session, actor: Actor, given: ThemeGiven) -> Theme:
    theme = Theme(slug=given.slug, title=given.title)
    session.add(theme)
    session.flush()
    changes.record(session, actor.name, "theme:added", given.slug, after={"title": given.title})
    return theme


def known(session: Session, slugs: Collection[str]) -> frozenset[str]:
    """Those of `slugs` that are on the list."""
    query = select(col(Theme.slug)).where(col(Theme.slug).in_(slugs))
    return frozenset(session.scalars(query)) if slugs else frozenset()


def unknown(slugs: Sequence[str], known: Collection[str]) -> list[tuple[str, str]]:
    """Those that are not on the list: where each stands, and what to do about it."""
    return [
        (f"/themes/{index}", "is not a theme of this register; GET /v1/themes lists them")
        for index, slug in enumerate(slugs)
        if slug not in known
    ]


def check(session: Session, slugs: Sequence[str]) -> None:
    """Malformed where one of `slugs` is not on the list."""
    if wrong := unknown(slugs, known(session, slugs)):
        raise Malformed("a theme is not known", wrong)


def index(
    session: Session, themes: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]]
) -> None:
    """Makes each ref found by its themes, and no longer by those from `before` that it lost."""
    old = {(slug, ref) for ref, slugs in before.items() for slug in slugs}
    new = {(slug, ref) for ref, slugs in themes.items() for slug in slugs}
    if gone := old - new:
        theme, ref = col(RecommendationTheme.theme), col(RecommendationTheme.ref)
        session.connection().execute(
            delete(RecommendationTheme).where(theme == bindparam("t"), ref == bindparam("r")),
            [{"t": slug, "r": ref} for slug, ref in sorted(gone)],
        )
    bulk.insert(session, RecommendationTheme, ("theme", "ref"), sorted(new - old))


def themes(session: Session) -> list[Theme]:
    return list(session.scalars(select(Theme).order_by(col(Theme.slug))))
