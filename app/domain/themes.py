"""Themes: the controlled list of what recommendations are about, and which are about what."""

from sqlalchemy import delete, insert, select
from sqlmodel import Field, Session, col

from app.domain import changes
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


def check(session: Session, slugs: list[str], pointer: str = "/themes") -> None:
    """Malformed where one of `slugs` is not on the list."""
    known = set(session.scalars(select(col(Theme.slug)).where(col(Theme.slug).in_(slugs))))
    wrong = [
        (f"{pointer}/{index}", "is not a theme of this register; GET /v1/themes lists them")
        for index, slug in enumerate(slugs)
        if slug not in known
    ]
    if wrong:
        raise Malformed("a theme is not known", wrong)


def index(session: Session, ref: str, slugs: list[str]) -> None:
    """Makes `slugs` the themes that the recommendation is found by."""
    connection = session.connection()
    connection.execute(delete(RecommendationTheme).where(col(RecommendationTheme.ref) == ref))
    if slugs:
        connection.execute(
            insert(RecommendationTheme), [{"theme": slug, "ref": ref} for slug in slugs]
        )


def themes(session: Session) -> list[Theme]:
    return list(session.scalars(select(Theme).order_by(col(Theme.slug))))
