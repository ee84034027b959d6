"""People, how far they have come, and what staff did."""

from courses.models.audit import AuditEntry
from courses.models.certificate import Certificate, new_certificate_code
from courses.models.people import User, UserManager
from courses.models.progress import Attempt, Completion, Enrollment, SolutionView

__all__ = [
    "Attempt",
    "AuditEntry",
    "Certificate",
    "Completion",
    "Enrollment",
    "SolutionView",
    "User",
    "UserManager",
    "new_certificate_code",
]
