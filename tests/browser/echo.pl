# A server that says "echo ..." over a websocket, of what any Debian has.
use strict; use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => 9000, Listen => 5, ReuseAddr => 1) or die;
while (my $peer = $server->accept) {
    next if fork;
    my ($key) = ("");
    while (my $line = <$peer>) { $key = $1 if $line =~ /^Sec-WebSocket-Key:\s*(\S+)/i; last if $line =~ /^\r?$/ }
    if (!$key) { print $peer "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Echo</h1>"; exit }
    my $sum = `printf %s '${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11' | sha1sum`;
    open my $out, "|-", "base64 > /tmp/accept.$$" or die;
    print $out pack "H*", substr $sum, 0, 40;
    close $out;
    my $accept = `cat /tmp/accept.$$`; chomp $accept;
    print $peer "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n";
    $peer->flush;
    while (read $peer, my $head, 2) {
        my $length = ord(substr $head, 1) & 127;
        read $peer, my $mask, 4; read $peer, my $data, $length;
        exit if (ord($head) & 15) == 8;
        my $text = "echo " . ($data ^ substr $mask x (1 + $length / 4), 0, $length);
        print $peer chr(0x81), chr(length $text), $text; $peer->flush;
    }
    exit;
}
