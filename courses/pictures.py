"""A lesson's drawings: SVG files checked and made fit to stand inside a page."""

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from django.utils.safestring import SafeString, mark_safe

from courses.source import CatalogueError, read_text

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title",
    "desc", "defs", "marker", "linearGradient", "radialGradient", "stop", "use", "symbol", "clipPath", "mask",
    "pattern",
}  # fmt: skip
_REFERENCE = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)")


def read_picture(path: Path, alt: str) -> SafeString:
    """Return the drawing as HTML that follows the page's theme and story switch.

    Lessons are trusted, drawing programs less so: what is not on the list of
    elements, and whatever runs or loads something, is refused by name.
    """
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise CatalogueError(path, _line_of(text, "<!"), "a DOCTYPE or entity; remove it")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (no entities, refused above)
    except ElementTree.ParseError as error:
        raise CatalogueError(path, error.position[0], f"this is not well-formed SVG: {error}") from error
    if root.tag != f"{_SVG}svg" or "viewBox" not in root.attrib:
        raise CatalogueError(path, 1, 'the root must be <svg xmlns="http://www.w3.org/2000/svg" viewBox="…">')

    prefix = f"picture-{path.stem}-"
    for element in root.iter():
        _check(path, text, element)
        _add_prefix(element, prefix)
        element.tag = element.tag.removeprefix(_SVG)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.attrib.update({"role": "img", "aria-label": alt})
    return mark_safe(ElementTree.tostring(root, encoding="unicode").strip())  # noqa: S308 (every part checked)


def _check(path: Path, text: str, element: Element) -> None:
    name = str(element.tag).removeprefix(_SVG)
    if name not in _ELEMENTS:
        raise CatalogueError(path, _line_of(text, f"<{name}"), f"<{name}> is not allowed in a picture; remove it")
    for key, value in element.attrib.items():
        line = _line_of(text, value)
        if key == "style" or key.lower().startswith("on") or "}" in key:
            what = key.rpartition("}")[2]
            raise CatalogueError(path, line, f"the attribute “{what}” is not allowed in a picture; use class or fill")
        references = [target for _quote, target in _REFERENCE.findall(value)]
        if key == "href":
            references.append(value)
        if any(not target.startswith("#") for target in references):
            raise CatalogueError(path, line, f"“{value}” points out of the picture; only “#id” is allowed")


def _add_prefix(element: Element, prefix: str) -> None:
    """Make ids unique on a page with several drawings, and let references follow."""
    for key, value in element.attrib.items():
        if key == "id":
            value = prefix + value
        elif key == "href":
            value = f"#{prefix}{value[1:]}"
        elif key in {"aria-labelledby", "aria-describedby"}:
            value = " ".join(prefix + name for name in value.split())
        else:
            value = _REFERENCE.sub(lambda match: f"url(#{prefix}{match[2][1:]})", value)
        element.attrib[key] = value


def _line_of(text: str, part: str) -> int:
    """Return the first line that holds `part`: close enough for a person to find it."""
    before, found, _after = text.partition(part)
    return before.count("\n") + 1 if found else 1
