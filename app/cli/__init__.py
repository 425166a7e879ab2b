"""`tracker`: the command line. Arguments in, domain calls, exit codes out."""

import sys
from collections.abc import Sequence

from pydantic import ValidationError

from app.cli.arguments import parser
from app.cli.register import Failed, load_seed
from app.db import DatabaseBusy
from app.domain.errors import ChainBroken, TrackerError
from app.main import StartRefused
from app.settings import Settings, mistake

__all__ = ["load_seed", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Answers its exit code: 0 done, 1 not done, 2 usage, 3 not reached."""
    options = parser().parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        name, what = mistake(error)
        return _say(f"TRACKER_{name.upper()}: {what}", 2)
    try:
        code: int = options.run(settings, options)
        return code
    except Failed as error:
        return _say(str(error), error.code)
    except StartRefused as error:
        return _say(str(error), 1)
    except ChainBroken as error:
        return _say(f"the journal does not hold: {error}", 1)
    except TrackerError as error:
        details = [f"{one['pointer']} {one['detail']}" for one in error.members.get("errors", [])]
        return _say("; ".join([error.detail, *details[:5]]), 1)
    except DatabaseBusy as error:
        return _say(f"the database could not be reached: {_first_line(error.__cause__)}", 3)
    except KeyboardInterrupt:
        return _say("stopped", 1)
    except OSError as error:
        return _say(f"{error.filename or 'the system'}: {error.strerror}", 1)


def _say(line: str, code: int) -> int:
    print(f"tracker: {line}", file=sys.stderr)
    return code


def _first_line(error: BaseException | None) -> str:
    return str(error).splitlines()[0] if error else "no answer"
