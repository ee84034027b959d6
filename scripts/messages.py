"""Compiles the interface's translations: each .po file whose .mo file is missing or older. Needs no gettext programs.

With --extract the .po files are first brought up to date with the texts in templates and modules; that needs gettext.
"""

import os
import subprocess
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
ELSEWHERE = [".venv", "node_modules", "var", "tests", "bench", "scripts", "static"]
DATES = ["POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Report-Msgid-Bugs-To"]


def compile_stale(locale: Path = LOCALE) -> list[Path]:
    """Compile what has changed and return the files made, mostly none."""
    made = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            # Written beside it and put in place at once: a server may be reading the old one.
            unfinished = target.with_suffix(f".{os.getpid()}")
            polib.pofile(source, wrapwidth=0).save_as_mofile(unfinished)
            unfinished.replace(target)
            made.append(target)
    return made


def extract() -> None:
    """Bring every .po file up to date: new texts are added without a translation, those not used any more go."""
    languages = [option for folder in LOCALE.iterdir() if folder.is_dir() for option in ("-l", folder.name)]
    ignored = [option for name in ELSEWHERE for option in ("--ignore", name)]
    command = [
        sys.executable,
        "manage.py",
        "makemessages",
        "-e",
        "html,svg,py",
        "--no-wrap",
        "--no-obsolete",
        "--add-location=file",
    ]
    subprocess.run([*command, *languages, *ignored], cwd=ROOT, check=True)
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        tidy(source)


def tidy(source: Path) -> None:
    """Take out of the header what would change with every extraction, or names a person."""
    catalogue = polib.pofile(source, wrapwidth=0)
    catalogue.metadata = {name: value for name, value in catalogue.metadata.items() if name not in DATES}
    catalogue.metadata |= {"Project-Id-Version": "sarafa-bazaar", "Language": source.parts[-3]}
    catalogue.metadata_is_fuzzy = False
    catalogue.header = f"Sarafa Bazaar, {source.parts[-3]}. Extracted and compiled by scripts/messages.py."
    catalogue.save()


if __name__ == "__main__":
    if sys.argv[1:] == ["--extract"]:
        extract()
    elif sys.argv[1:]:
        sys.exit(__doc__)
    for file in compile_stale():
        print(f"Translations compiled: {file.relative_to(ROOT)}")
