from django.conf import settings
from django.db import models


class Home(models.Model):
    """The files of a learner's home, as they were when their last sandbox was saved."""

    learner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="home")
    archive = models.BinaryField()  # as `/sbx/home save` wrote it: nobody but `/sbx/home restore` reads it
    saved_at = models.DateTimeField()
    left_out = models.PositiveIntegerField(default=0)
