"""manage.py host: the machines on which sandboxes run."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sandbox import hosts
from sandbox.engine import EngineError
from sandbox.models import Host, Sandbox


class Command(BaseCommand):
    help = "Take hosts into the fleet, look at them, empty them, and let them go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="take a host in, or change its address or capacity")
        add.add_argument("name")
        add.add_argument("url", help="unix:///path or tcp://address:port, with certificates in DATA_DIR/hosts/NAME")
        add.add_argument("--capacity", type=int, help="sandboxes at once; if not given, what its machine is made for")
        actions.add_parser("list", help="show all hosts")
        actions.add_parser("check", help="try hosts out: a sandbox is started on each").add_argument("name", nargs="*")
        drain = actions.add_parser("drain", help="give a host no more sandboxes, so that it empties")
        drain.add_argument("name")
        drain.add_argument("--move", action="store_true", help="have those it has go on elsewhere, now")
        actions.add_parser("undrain", help="give it sandboxes again").add_argument("name")
        actions.add_parser("remove", help="let an empty host go").add_argument("name")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        wanted = {name: options[name] for name in ("name", "url", "capacity", "move") if name in options}
        try:
            getattr(self, f"do_{action}")(**wanted)
        except EngineError as error:
            raise CommandError(str(error)) from error

    def do_add(self, name: str, url: str, capacity: int | None) -> None:
        if capacity is not None and capacity < 1:
            raise CommandError("A host has a capacity of at least 1.")
        host = hosts.add(name, url, capacity, self.stdout.write)
        self.stdout.write(f"{host.name} takes up to {host.capacity} sandboxes.")

    def do_list(self) -> None:
        row = "{:<20} {:<9} {:>5} {:>5} {:>5}  {}"
        self.stdout.write(row.format("NAME", "STATE", "LIVE", "LIMIT", "ROOM", "ENGINE"))
        for host in Host.objects.with_room():
            self.stdout.write(
                row.format(host.name, host.state, host.live, host.limit, host.room, host.address.url).rstrip()
            )
            if host.error:
                self.stdout.write(f"    {host.error}")

    def do_check(self, name: list[str]) -> None:
        chosen = [self.found(one) for one in name] or list(Host.objects.others())
        troubles = [trouble for host in chosen if (trouble := self.trouble_of(host))]
        if troubles:
            raise CommandError("\n".join(troubles))

    def trouble_of(self, host: Host) -> str:
        at = timezone.now()
        try:
            if not host.is_local:
                hosts.prepare(host.address, self.stdout.write)
            hosts.try_out(host.address)
        except EngineError as exc:
            return f"{host.name}: {exc}"
        host.note_answer(at)
        self.stdout.write(f"{host.name}: ok")
        return ""

    def do_drain(self, name: str, move: bool) -> None:
        host = self.found(name)
        hosts.drain(host, move)
        left = Sandbox.objects.live().claimed().filter(host=host).count()
        self.stdout.write(f"{name} takes no more sandboxes. {left} of learners are there.")

    def do_undrain(self, name: str) -> None:
        self.found(name).change(draining=False)
        self.stdout.write(f"{name} takes sandboxes again.")

    def do_remove(self, name: str) -> None:
        hosts.remove(self.found(name))
        self.stdout.write(f"{name} is no host any more.")

    def found(self, name: str) -> Host:
        host = Host.objects.filter(name=name).first()
        if not host:
            known = ", ".join(Host.objects.values_list("name", flat=True))
            raise CommandError(f"There is no host {name}. There are: {known}.")
        return host
