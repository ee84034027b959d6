"""Whether a process that starts with these settings gets along with its Redis, by each of its three ways there."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASK = """
import asyncio, json, secrets, django
django.setup()
from channels.layers import get_channel_layer
from django.core.cache import cache
from config.celery import app

def cached():
    cache.set(word, "there", 10)
    return cache.get(word) == "there"

def queued():
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue(word)
        queue.put("there")
        return queue.get(timeout=5).payload == "there"

async def heard():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(word, channel)
    await layer.group_send(word, {"type": "there"})
    return (await asyncio.wait_for(layer.receive(channel), 5))["type"] == "there"

def verdict(way):
    try:
        return way()
    except Exception as exc:
        return str(exc)

word = secrets.token_hex(8)
print(json.dumps({"cache": verdict(cached), "queue": verdict(queued), "layer": verdict(lambda: asyncio.run(heard()))}))
"""


def tried(folder: Path, **settings: str) -> dict[str, object]:
    """Return {"cache", "queue", "layer"}: true, or what went wrong. `folder` is for the process's data."""
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder)}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment | settings, capture_output=True, text=True, timeout=60
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout.splitlines()[-1])
