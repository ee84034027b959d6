"""Why each call is made, and which of the five steps it is: rules as data, for the daemon's API and the registry's.

Paths are those of the Engine API 1.24 to 1.51 (docs.docker.com/reference/api/engine) and of the distribution spec 1.1.
"""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CLIENT_ASKS, CACHE, CONTAINER, PUSH, ANOTHER_PULLS = 1, 2, 3, 4, 5  # the five steps of the flow

CALLS = [  # in paths, * is a name without slashes, and ** one of an image, which may have them
    ("POST", "/containers/create", gettext_noop("The client asks the daemon to create a container.")),
    ("POST", "/containers/*/start", gettext_noop("The client asks the daemon to start the container.")),
    ("POST", "/containers/*/attach", gettext_noop("The client joins its terminal to the container.")),
    ("POST", "/containers/*/wait", gettext_noop("The client asks to be told when and how the container ends.")),
    ("POST", "/containers/*/resize", gettext_noop("The client tells the container how large its terminal is.")),
    ("POST", "/containers/*/stop", gettext_noop("The client asks the daemon to stop the container.")),
    ("POST", "/containers/*/kill", gettext_noop("The client asks the daemon to send the container a signal.")),
    (
        "POST",
        "/containers/*/restart",
        gettext_noop("The client asks the daemon to stop the container and start it again."),
    ),
    ("POST", "/containers/*/pause", gettext_noop("The client asks the daemon to freeze the container where it is.")),
    ("POST", "/containers/*/unpause", gettext_noop("The client asks the daemon to let the container go on.")),
    ("POST", "/containers/*/rename", gettext_noop("The client asks the daemon to give the container another name.")),
    ("POST", "/containers/*/update", gettext_noop("The client asks the daemon to change the container's limits.")),
    ("POST", "/containers/*/exec", gettext_noop("The client asks for one more program in the container.")),
    ("POST", "/exec/*/start", gettext_noop("The client has that program started, and joins its terminal to it.")),
    ("POST", "/exec/*/resize", gettext_noop("The client tells the program how large its terminal is.")),
    ("GET", "/exec/*/json", gettext_noop("The client asks how the program ended.")),
    ("DELETE", "/containers/*", gettext_noop("The client asks the daemon to remove the container.")),
    ("GET", "/containers/json", gettext_noop("The client asks the daemon for its list of containers.")),
    ("GET", "/containers/*/json", gettext_noop("The client asks the daemon for all it knows of the container.")),
    ("GET", "/containers/*/logs", gettext_noop("The client asks the daemon for what the container has printed.")),
    ("GET", "/containers/*/top", gettext_noop("The client asks which processes run in the container.")),
    ("GET", "/containers/*/stats", gettext_noop("The client asks what the container uses of the machine.")),
    ("GET", "/containers/*/changes", gettext_noop("The client asks which files differ from those of the image.")),
    (
        "(GET|HEAD|PUT)",
        "/containers/*/archive",
        gettext_noop("The client copies files into the container, or out of it."),
    ),
    ("POST", "/images/create", gettext_noop("The client asks the daemon to pull %(image)s.")),
    ("POST", "/images/**/push", gettext_noop("The client asks the daemon to push the image to its registry.")),
    ("POST", "/images/**/tag", gettext_noop("The client asks the daemon to give the image one more name.")),
    ("DELETE", "/images/**", gettext_noop("The client asks the daemon to remove the image, or one of its names.")),
    ("GET", "/images/json", gettext_noop("The client asks the daemon for its list of images.")),
    ("GET", "/images/**/json", gettext_noop("The client asks the daemon for all it knows of the image.")),
    ("GET", "/images/**/history", gettext_noop("The client asks how the image was made, layer by layer.")),
    ("GET", "/images/get", gettext_noop("The client asks the daemon for images as a file.")),
    ("GET", "/images/**/get", gettext_noop("The client asks the daemon for the image as a file.")),
    ("POST", "/images/load", gettext_noop("The client hands the daemon an image in a file.")),
    ("POST", "/build", gettext_noop("The client asks the daemon to build an image, and sends it the files.")),
    ("POST", "/session", gettext_noop("The client stays in touch with the builder, which will ask it for files.")),
    ("POST", "/grpc", gettext_noop("The client speaks with the builder inside the daemon.")),
    ("POST", "/build/prune", gettext_noop("The client asks the daemon to clear the build cache.")),
    ("POST", "/commit", gettext_noop("The client asks the daemon to make an image of the container as it is.")),
    ("POST", "/auth", gettext_noop("The client asks the daemon to try name and password at the registry.")),
    ("GET", "/networks", gettext_noop("The client asks the daemon for its list of networks.")),
    ("GET", "/networks/*", gettext_noop("The client asks the daemon for all it knows of the network.")),
    ("POST", "/networks/create", gettext_noop("The client asks the daemon to make a network.")),
    (
        "POST",
        "/networks/*/connect",
        gettext_noop("The client asks the daemon to connect the container to the network."),
    ),
    (
        "POST",
        "/networks/*/disconnect",
        gettext_noop("The client asks the daemon to take the container off the network."),
    ),
    ("DELETE", "/networks/*", gettext_noop("The client asks the daemon to remove the network.")),
    ("GET", "/volumes", gettext_noop("The client asks the daemon for its list of volumes.")),
    ("GET", "/volumes/*", gettext_noop("The client asks the daemon for all it knows of the volume.")),
    ("POST", "/volumes/create", gettext_noop("The client asks the daemon to make a volume.")),
    ("DELETE", "/volumes/*", gettext_noop("The client asks the daemon to remove the volume.")),
    ("POST", "/[a-z]+/prune", gettext_noop("The client asks the daemon to remove what is not used.")),
    ("GET", "/version", gettext_noop("The client asks the daemon for its version.")),
    ("GET", "/info", gettext_noop("The client asks the daemon about itself and its machine.")),
    ("GET", "/events", gettext_noop("The client asks to be told what happens from now on.")),
    ("GET", "/system/d", gettext_noop("The client asks what takes how much room on the disk.")),
]
STEPS = {("POST", "/containers/*/start"): CONTAINER, ("POST", "/images/**/push"): PUSH}


def pattern(path: str) -> re.Pattern[str]:
    return re.compile(path.replace("**", ".+").replace("*", "[^/]+"))


CALL_RULES = [(re.compile(method), pattern(path), words) for method, path, words in CALLS]
STEP_RULES = [(method, pattern(path), step) for (method, path), step in STEPS.items()]

REGISTRY_PATH = re.compile(r"^/v2/(?:(?P<repository>.+)/(?P<what>manifests|blobs|tags)/(?P<name>.*))?$")
REGISTRY = {  # by what is asked for and how; "" stands for every other method
    ("manifests", "HEAD"): gettext_noop("The daemon asks which version of %(repository)s is current."),
    ("manifests", "GET"): gettext_noop("The daemon reads the list of layers of %(repository)s."),
    ("manifests", ""): gettext_noop("The daemon stores the list of layers of %(repository)s."),
    ("blobs", "HEAD"): gettext_noop("The daemon asks whether the registry has a layer of %(repository)s."),
    ("blobs", "GET"): gettext_noop("The daemon fetches a layer of %(repository)s."),
    ("blobs", ""): gettext_noop("The daemon uploads a layer of %(repository)s."),
    ("tags", ""): gettext_noop("The daemon lists the tags of %(repository)s."),
}

OBJECT_IN_PATH = re.compile(
    r"/(?:containers|networks|volumes)/(?!json$|create$|prune$)([^/]+)"
    r"|/images/(?!json$|create$|load$|get$)(.+?)(?:/(?:json|push|tag|history|get))?$"
)


@dataclass(frozen=True)
class Stored:
    """A request to a registry, by its path: "what" is manifests, blobs or tags, or nothing for its greeting."""

    repository: str
    what: str

    @classmethod
    def of(cls, path: str) -> "Stored":
        found = REGISTRY_PATH.match(path)
        return cls((found and found["repository"]) or "", (found and found["what"]) or "")

    def sentence(self, method: str, status: int) -> str:
        if status == 401:
            return _("The registry wants a token first: the daemon asks who hands them out.")
        if not self.what:
            return _("The daemon greets the registry.")
        if (self.what, method, status) == ("blobs", "HEAD", 404):
            return _("The registry does not have this layer of %(repository)s yet.") % {"repository": self.repository}
        words = REGISTRY.get((self.what, method)) or REGISTRY[self.what, ""]
        return _(words) % {"repository": self.repository}


def sentence_of_call(method: str, path: str, image: str) -> str:
    for its_method, its_path, words in CALL_RULES:
        if its_method.fullmatch(method) and its_path.fullmatch(path):
            return _(words) % {"image": image} if "%(" in words else _(words)
    return _("A client asks the daemon.")


def step_of_call(method: str, path: str) -> int:
    for its_method, its_path, step in STEP_RULES:
        if its_method == method and its_path.fullmatch(path):
            return step
    return CLIENT_ASKS


def object_of_path(path: str) -> str:
    """Return the container, image, network or volume that a call is about, as the call names it; or nothing."""
    found = OBJECT_IN_PATH.match(path)
    return (found[1] or found[2]) if found else ""
