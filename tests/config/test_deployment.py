"""What the images of deploy/ are made from, and what docker-compose.yml gives to whom, as their files say it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_git_keeps_out_of_an_images_folder_is_kept_out_of_the_image():
    """The last line that fits decides, so those that leave out stand behind the one that lets the folder in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    private = re.findall(r"^/(deploy/\w+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    assert set(private) == {"deploy/secrets", "deploy/certificates"}
    for folder in private:
        assert lines.index(folder) > lines.index("!deploy")
