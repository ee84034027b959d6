"""What an engine's refusal means, in words that say what to do."""

import pytest
from docker.errors import APIError, ImageNotFound, NotFound

from sandbox.engine import ContainerGone, DiskFull, EngineError, ImageMissing, errors_translated


@pytest.mark.parametrize(
    ("error", "kind", "mend"),
    [
        (
            APIError("x", explanation="write /x: no space left on device"),
            DiskFull,
            "docker system prune",
        ),
        (ImageNotFound("x", explanation="No such image: sarafa"), ImageMissing, "manage.py images"),
        (NotFound("x", explanation="No such container: abc"), ContainerGone, "does not run any more"),
        (APIError("x", explanation="Unknown runtime specified kata"), EngineError, "SANDBOX_RUNTIME"),
        (APIError("x", explanation="unknown or invalid runtime name: kata"), EngineError, "SANDBOX_RUNTIME"),
        (
            APIError("x", explanation="unable to apply apparmor profile: apparmor failed to apply profile"),
            EngineError,
            "scripts/apparmor.sh",
        ),
        (APIError("x", explanation="the moon is wrong"), EngineError, "refused: the moon is wrong"),
    ],
)
def test_a_refusal_names_its_mend(error, kind, mend):
    with pytest.raises(kind, match=mend), errors_translated():
        raise error
