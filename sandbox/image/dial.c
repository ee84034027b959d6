/* dial: join stdin and stdout to a port of the sandbox.
 *
 *     dial PORT
 *
 * Run in the sandbox's network. Either side may stop writing first; it ends when the port has nothing more to say. Exits
 * with 69 if nobody listens there.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int pass(int from, int to)
{
    static char bytes[1 << 16];
    ssize_t got = read(from, bytes, sizeof bytes);
    for (ssize_t sent = 0; sent < got;) {
        ssize_t n = write(to, bytes + sent, got - sent);
        if (n < 0)
            return -1;
        sent += n;
    }
    return got;
}

int main(int argc, char **argv)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int line = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    there.sin_port = htons(argc == 2 ? atoi(argv[1]) : 0);
    if (connect(line, (struct sockaddr *)&there, sizeof there))
        return 69;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct pollfd fds[2] = {{0, POLLIN, 0}, {line, POLLIN, 0}};
    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents && pass(0, line) <= 0) {
            shutdown(line, SHUT_WR);
            fds[0].fd = -1;
        }
        if (fds[1].revents && pass(line, 1) <= 0)
            return 0;
    }
    return 70;
}
