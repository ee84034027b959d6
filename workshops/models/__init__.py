"""Who teaches whom: workshops, who takes part, what is said to them, and who looks over their shoulder."""

from workshops.models.certificate import WorkshopCertificate
from workshops.models.note import Note
from workshops.models.participant import Participant, new_personal_code
from workshops.models.watch import Keyboard, Watch
from workshops.models.workshop import State, Workshop, new_join_code

__all__ = [
    "Keyboard",
    "Note",
    "Participant",
    "State",
    "Watch",
    "Workshop",
    "WorkshopCertificate",
    "new_join_code",
    "new_personal_code",
]
