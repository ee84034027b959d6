from django.urls import path

from sandbox import file_api, views

app_name = "sandbox"

urlpatterns = [
    path("sandbox/", views.open_sandbox, name="open"),
    path("sandbox/queue/leave/", views.leave_queue, name="leave-queue"),
    path("sandbox/<slug:code>/", views.show_sandbox, name="show"),
    path("sandbox/<slug:code>/files/", file_api.list_files, name="files"),
    path("sandbox/<slug:code>/file/", file_api.one_file, name="file"),
    path("sandbox/<slug:code>/visit/<int:port>/", views.visit, name="visit"),
    path("sandbox/<slug:code>/stop/", views.stop_sandbox, name="stop"),
    path("sandbox/<slug:code>/reset/", views.reset_sandbox, name="reset"),
    path("sandbox/<slug:code>/extend/", views.extend_sandbox, name="extend"),
    path("courses/<slug:course>/<slug:lesson>/check/", views.check_lesson, name="check"),
]
