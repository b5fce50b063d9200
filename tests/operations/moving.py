"""From migrations at container start-up to here."""

import tempfile
from pathlib import Path

from tests.fixtures.prisma import Prisma, missing
from tests.operations.place import Place
from tests.operations.scenario import Scenario

RECALL = "20251113090000_add_recall_dates"
_NODE = "#!/bin/sh\necho 'Dentia listens on port 3000'\n"


def shared_history(place: Place) -> None:
    """Prisma and this program, one after the other, on one database."""
    place.copy()
    with tempfile.TemporaryDirectory() as home:
        prisma = Prisma(Path(home))
        place.ran("npx prisma migrate deploy", 0, _said(prisma.deploy(place.url, place.migrations)))
        place.migrate("status", code=0)
        place.migrate("plan", code=0)
        place.migrate("deploy", code=0)
        place.migrate("history", code=0)
        place.say(f"a new migration, {RECALL}, is applied by migrate-lambda")
        place.write(RECALL, 'ALTER TABLE "Patient" ADD COLUMN "recallAt" DATE;\n')
        place.migrate("deploy", code=0)
        place.ran("npx prisma migrate status", 0, _said(prisma.status(place.url, place.migrations)))


def new_migration(place: Place) -> None:
    """Without Node."""
    place.copy()
    place.migrate("new", "add_recall_dates", code=0)


def entrypoint(place: Place) -> None:
    """The container becomes the application, or stops."""
    place.copy()
    place.quietly("deploy")
    place.write(RECALL, 'ALTER TABLE "Patients" ADD COLUMN "recallAt" DATE;\n')
    with tempfile.TemporaryDirectory() as path:
        node = Path(path) / "node"
        node.write_text(_NODE)
        node.chmod(0o755)
        place.process("deploy", "--", "node", "server.js", path=path, code=5)
        place.say('the next image has "Patient" in the file')
        place.write(RECALL, 'ALTER TABLE "Patient" ADD COLUMN "recallAt" DATE;\n')
        place.process("deploy", "--", "node", "server.js", path=path, code=0)


def _said(ended: tuple[int, str]) -> str:
    code, said = ended
    assert code == 0, said
    return said


SCENARIOS = (Scenario(shared_history, missing), Scenario(new_migration), Scenario(entrypoint))
