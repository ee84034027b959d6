from django.urls import path

from courses import views

app_name = "courses"
urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("name/", views.name, name="name"),
    path("certificates/<slug:code>/", views.certificate, name="certificate"),
    path("courses/<slug:course_slug>/certificate/", views.certify, name="certify"),
    path("courses/<slug:course_slug>/", views.course, name="course"),
    path("courses/<slug:course_slug>/<slug:lesson_slug>/", views.lesson, name="lesson"),
    path("courses/<slug:course_slug>/<slug:lesson_slug>/quiz/<slug:quiz_id>/", views.quiz, name="quiz"),
    path("courses/<slug:course_slug>/<slug:lesson_slug>/solution/<slug:task_id>/", views.solution, name="solution"),
]
