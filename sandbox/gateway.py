"""The way to the warehouse from other hosts.

The sandboxes there find the same two sockets as here, behind which a relay stands on their host. It leads by TLS to the
gateway beside the warehouse, which lets in whom the platform has given a certificate. Both only pass on: who may do
what is decided at the warehouse's door, as ever.
"""

import hashlib
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop
from docker.errors import NotFound
from docker.types import LogConfig

from sandbox import engine, keys, warehouse
from sandbox.container import Address, Container, local
from sandbox.engine import EngineError, client, errors_translated

PORT = 5443
USER = "5000:5000"  # the warehouse's, and of the sandboxes' proxies
RECIPE_LABEL = "sarafa.recipe"
NO_PLACE = gettext_noop(
    "Sandboxes on other hosts have no way to the warehouse. Set WAREHOUSE_LISTEN to an address of this machine that "
    "the hosts reach, and a port, such as 10.0.0.1:5443; see docs/operating.md."
)
SCRIPT = """
cd /run/way
printf '%s' "$CA" > ca.pem
printf '%s' "$CERTIFICATE" > cert.pem
(umask 077; printf '%s' "$KEY" > key.pem)
printf '%s' "$WAY" > nginx.conf
[ -z "$SOCKETS" ] || rm -f $SOCKETS
exec nginx -c /run/way/nginx.conf
"""
COMMON = """
daemon off;
pid /run/way/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off;
    server_tokens off;
    client_body_temp_path /run/way/body;
    proxy_temp_path /run/way/proxy;
    fastcgi_temp_path /run/way/fastcgi;
    uwsgi_temp_path /run/way/uwsgi;
    scgi_temp_path /run/way/scgi;
    client_max_body_size 0; # the sandboxes' proxies bound it
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_connect_timeout 3s;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
"""
GATEWAY = (
    COMMON
    + """
    server {
        listen 5443 ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        ssl_client_certificate ca.pem;
        ssl_verify_client on;
        location / { proxy_pass http://unix:/warehouse/registry.sock:; }
        location = /token { proxy_pass http://unix:/warehouse/door.sock:; }
        location = /write { proxy_pass http://unix:/warehouse/door.sock:; }
    }
}
"""
)
RELAY = (
    COMMON
    + """
    server {
        listen unix:/warehouse/registry.sock;
        listen unix:/warehouse/door.sock;
        location / {
            proxy_pass https://ADDRESS;
            proxy_ssl_certificate cert.pem;
            proxy_ssl_certificate_key key.pem;
            proxy_ssl_trusted_certificate ca.pem;
            proxy_ssl_verify on;
            proxy_ssl_name warehouse;
            proxy_ssl_server_name on;
        }
    }
}
"""
)


def ensure_open() -> None:
    """Have the gateway open. Raise EngineError if nobody has said where."""
    place, _, port = settings.WAREHOUSE_LISTEN.rpartition(":")
    if not (place and port.isdecimal()):
        raise EngineError(NO_PLACE)
    published = {"port_bindings": {PORT: (place, int(port))}}
    ensure(here(), GATEWAY, "warehouse", published, f"{warehouse.socket_volume()}:/warehouse:ro", "")


def ensure_relay(host: Address) -> None:
    """Have a relay on a host, by which its sandboxes reach the warehouse."""
    way = RELAY.replace("ADDRESS", settings.WAREHOUSE_ADDRESS or settings.WAREHOUSE_LISTEN)
    sockets = "/warehouse/registry.sock /warehouse/door.sock"
    ensure(relay(host), way, host.name, {}, f"{warehouse.socket_volume()}:/warehouse", sockets)


@errors_translated()
def ensure(place: Container, way: str, name: str, published: dict[str, Any], bind: str, sockets: str) -> None:
    """Have it run: let be if all is well, started if it has ended, made anew if it would be made otherwise today."""
    calls = client(place.host)
    image = calls.inspect_image(settings.SANDBOX_IMAGE)["Id"]
    parts = [image, way, published, bind, keys.fleet().certificate_pem]
    recipe = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    found = inspect(place)
    if found and found["Config"]["Labels"].get(RECIPE_LABEL) == recipe:
        if not found["State"]["Running"]:
            calls.start(place.id)
        return
    engine.remove_container(place)
    own = keys.fleet().issue(name)
    config = calls.create_host_config(
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="128m",
        pids_limit=64,
        read_only=True,
        binds=[bind],
        tmpfs={"/run/way": "size=1m,mode=0700,uid=5000,gid=5000"},
        log_config=LogConfig(type="json-file", config={"max-size": "4m", "max-file": "2"}),
        restart_policy={"Name": "unless-stopped"},
        **published,
    )
    calls.create_container(
        settings.SANDBOX_IMAGE,
        ["sh", "-ec", SCRIPT],
        name=place.id,
        user=USER,
        entrypoint=[],
        labels=warehouse.own_labels() | {RECIPE_LABEL: recipe},
        environment={
            "CA": keys.fleet().certificate_pem, "CERTIFICATE": own.certificate_pem, "KEY": own.private_pem,
            "WAY": way, "SOCKETS": sockets,
        },
        ports=list(published.get("port_bindings", {})),
        host_config=config,
    )  # fmt: skip
    calls.start(place.id)


def close() -> None:
    engine.remove_container(here())


@errors_translated()
def remove_relay(host: Address) -> None:
    """Remove the relay of a host, and its volume. No sandbox may be left there."""
    engine.remove_container(relay(host))
    with suppress(NotFound):
        client(host).remove_volume(warehouse.socket_volume())


@errors_translated()
def status(host: Address) -> str:
    """Return "ok" if the warehouse is reached from a host, or in a few words what is wrong."""
    found = inspect(relay(host))
    if not found or not found["State"]["Running"]:
        return "its relay does not run"
    ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5", "--unix-socket"]
    calls = client(host)
    command = calls.exec_create(relay(host).id, [*ask, "/warehouse/registry.sock", "http://warehouse/v2/"])["Id"]
    said = calls.exec_start(command).decode(errors="replace").strip()
    return "ok" if said in ("200", "401") else f"its relay does not reach it at {settings.WAREHOUSE_LISTEN} ({said})"


def here() -> Container:
    return Container(local(), f"{warehouse.container_name()}-gateway")


def relay(host: Address) -> Container:
    return Container(host, f"{warehouse.container_name()}-relay")


def inspect(place: Container) -> dict[str, Any] | None:
    try:
        return dict(client(place.host).inspect_container(place.id))
    except NotFound:
        return None
