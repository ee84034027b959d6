from django.urls import path

from workshops.views import (
    certificates,
    console,
    desk,
    gradebook,
    helping,
    join,
    learner,
    learner_page,
    watching,
)

app_name = "workshops"

one = "instructor/workshops/<slug:code>/"
participant = f"{one}participants/<int:participant>/"

urlpatterns = [
    # What instructors have, and how they make more.
    path("instructor/", desk.desk, name="desk"),
    path("instructor/workshops/new/", desk.new, name="new"),
    path(f"{one}edit/", desk.edit, name="edit"),
    path(f"{one}open/", desk.open_workshop, name="open"),
    path(f"{one}close/", desk.close_workshop, name="close"),
    path(f"{one}delete/", desk.delete_workshop, name="delete"),
    path(f"{one}join/", desk.join_card, name="join-card"),
    # Where instructors see the room.
    path(one, console.console, name="console"),
    path(f"{one}wall/", console.wall, name="wall"),
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
    # How learners come in, and their own page.
    path("join/", join.join, name="join"),
    path("join/back/", join.come_back, name="come-back"),
    path("join/<slug:code>/", join.join_code, name="join-code"),
    path("workshops/<slug:code>/", learner_page.workshop, name="workshop"),
    path("workshops/<slug:code>/leave/", learner_page.leave, name="leave"),
    # What has come of it.
    path(f"{one}gradebook/", gradebook.gradebook, name="gradebook"),
    path(f"{one}gradebook.csv", gradebook.gradebook_csv, name="gradebook-csv"),
    path(f"{one}gradebook.json", gradebook.gradebook_json, name="gradebook-json"),
    path(f"{one}report/", gradebook.report, name="report"),
    path(f"{one}certificates/", certificates.certificates, name="certificates"),
    path(f"{participant}record/", gradebook.record, name="record"),
    path("workshops/<slug:code>/certificate/", certificates.my_certificate, name="my-certificate"),
    path("certificates/workshops/<slug:code>/", certificates.certificate, name="certificate"),
    # What learners do.
    path("workshops/<slug:code>/hand/", learner.hand, name="hand"),
    path("workshops/<slug:code>/keyboard/<int:watch>/", learner.keyboard, name="answer-keyboard"),
    path("workshops/<slug:code>/notes/read/", learner.read_notes, name="read-notes"),
]
