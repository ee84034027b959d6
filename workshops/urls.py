from django.urls import path

from workshops.views import helping, learner, watching

app_name = "workshops"

one = "instructor/workshops/<slug:code>/"
participant = f"{one}participants/<int:participant>/"

urlpatterns = [
    # What instructors look at, and what the class does.
    path(participant, watching.watch, name="watch"),
    path(f"{one}projector/", watching.projector, name="projector"),
    path("workshops/<slug:code>/stage/", watching.stage, name="stage"),
    # What instructors do for learners.
    path(f"{one}notes/", helping.send_note, name="send-note"),
    path(f"{one}sandboxes/", helping.change_sandboxes, name="change-sandboxes"),
    path(f"{one}show/", helping.show, name="show"),
    path(f"{participant}done/", helping.mark_done, name="mark-done"),
    path(f"{participant}rename/", helping.rename, name="rename"),
    path(f"{participant}remove/", helping.remove, name="remove"),
    path(f"{participant}hand/", helping.lower_hand, name="lower-hand"),
    path(f"{participant}keyboard/", helping.keyboard, name="keyboard"),
    # What learners do.
    path("workshops/<slug:code>/hand/", learner.hand, name="hand"),
    path("workshops/<slug:code>/keyboard/<int:watch>/", learner.keyboard, name="answer-keyboard"),
    path("workshops/<slug:code>/notes/read/", learner.read_notes, name="read-notes"),
]
