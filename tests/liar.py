"""A daemon that lies: root of a sandbox puts a program of its own in the daemon's place, with one answer to all."""

from typing import Any

LIAR = r"""
use Socket;
unlink "/run/dockerd.sock";
socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("/run/dockerd.sock")); chmod 0666, "/run/dockerd.sock";
listen(S, 99);
while (accept(C, S)) {
    if (fork) { close C; next }
    my $asked = "";
    while ($asked !~ /\r\n\r\n/) { sysread(C, $asked, 4096, length $asked) or exit }
    select C; $| = 1;
    print "HTTP/1.0 200 OK\r\n\r\n";
    ANSWER;
    exit;
}
"""
LIES = [
    "print q([1, 2, 3])",
    "print q([{)",
    "print q([) x 9000, q(]) x 9000",
    "print q(x) x 65536 while 1",
    "sleep 60",
    """print q([{"Id": "../x?"}, {"Id": "-o /data/x"}])""",
]


def put_liar(place: Any, lie: str) -> None:
    place.root(liar_script(lie))


def liar_script(lie: str) -> str:
    """Return what root of the sandbox has to run. A lie is Perl, without single quotes; `$asked` is what was asked."""
    return f"""
        kill $(cat /data/liar) || pkill -STOP -x dockerd
        setsid nohup perl -e '{LIAR.replace("ANSWER", lie)}' > /dev/null 2>&1 & echo $! > /data/liar; sleep 0.5"""
