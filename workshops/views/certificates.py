"""Certificates of a workshop: a learner's own, all of them to be printed, and the address that proves one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workshops.access import signed_in, staff_only, taking_part, taught
from workshops.certificates import certify
from workshops.gradebook import gradebook_of
from workshops.models import WorkshopCertificate


def address_of(request: HttpRequest, certificate: WorkshopCertificate) -> str:
    return request.build_absolute_uri(reverse("workshops:certificate", args=[certificate.code]))


@require_safe
@signed_in
def my_certificate(request: HttpRequest, code: str) -> HttpResponse:
    """Give the learner their certificate, or say what is still to be done for it."""
    participant = taking_part(request, code)
    book = gradebook_of(participant.workshop, get_language() or "en", participant)
    (line,) = book.lines
    certificate = certify(book, line)
    if certificate:
        return redirect("workshops:certificate", certificate.code)
    left = [column for column in book.columns if not line.cells[column.key].done_at]
    context = {"workshop": book.workshop, "line": line, "left": left}
    return render(request, "workshops/no_certificate.html", {"page": "no-certificate", **context})


@require_safe
@staff_only
def certificates(request: HttpRequest, code: str) -> HttpResponse:
    """Show the certificates of all who have done everything, each on a sheet of its own."""
    book = gradebook_of(taught(request, code), get_language() or "en")
    given = [certificate for line in book.sorted_by("name") if (certificate := certify(book, line))]
    sheets = [(certificate, address_of(request, certificate)) for certificate in given]
    return render(
        request, "workshops/certificates.html", {"page": "certificate", "workshop": book.workshop, "sheets": sheets}
    )


@require_safe
def certificate(request: HttpRequest, code: str) -> HttpResponse:
    """Show a certificate to whoever has its address: that it is here is the proof."""
    found = WorkshopCertificate.objects.filter(code=code).first()
    if not found:
        raise Http404(_("There is no certificate at this address."))
    context = {"certificate": found, "address": address_of(request, found)}
    return render(request, "workshops/certificate.html", {"page": "certificate", **context})
