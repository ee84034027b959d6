"""A link as a QR code that phones read from a projector. All that knows the library."""

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET = 4  # modules of empty margin, which readers need


def drawn(text: str) -> SafeString:
    """Return the QR code of a text as SVG, dark on white in every theme; how large, its place on the page says."""
    code = segno.make(text, micro=False, error="m")
    svg = code.svg_inline(border=QUIET, omitsize=True, svgclass="qr", lineclass="", dark="#000", light="#fff")
    return mark_safe(svg)  # noqa: S308 (numbers alone: the text is drawn, not written)
