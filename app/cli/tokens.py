"""Commands on tokens: create, list, revoke."""

import sys
from argparse import Namespace
from contextlib import closing

from app.cli.register import current
from app.domain import tokens
from app.domain.actors import Role
from app.domain.places import Place
from app.settings import Settings


def create(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database, database.writing() as session:
        token, text = tokens.create_token(
            session,
            options.name,
            Role(options.role),
            party=options.party,
            places=options.place,
            days=options.expires,
        )
        unknown = [slug for slug in options.place or () if session.get(Place, slug) is None]
    for slug in unknown:
        print(f"note: there is no place {slug} yet; until then it sees nothing", file=sys.stderr)
    if token.role is Role.CONTRIBUTOR and token.party is None:
        print("note: without --party a contributor can change nothing", file=sys.stderr)
    print(
        f"token {token.id} for {token.name} ({token.role.value}), expires "
        f"{token.expires_at.date().isoformat()}; it is shown this once:",
        file=sys.stderr,
    )
    print(text)
    return 0


def show(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database, database.reading() as session:
        for token in tokens.tokens(session):
            ended = f"revoked {token.revoked_at.date()}" if token.revoked_at else ""
            where = ",".join(token.places) if token.places is not None else "all places"
            print(
                token.id,
                token.role.value,
                token.name,
                token.party or "-",
                where,
                f"expires {token.expires_at.date()}",
                ended,
                sep="\t",
            )
    return 0


def revoke(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database, database.writing() as session:
        token = tokens.revoke(session, options.id)
    print(f"token {token.id} of {token.name} is revoked")
    return 0
