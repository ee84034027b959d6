/* tap: hears what clients ask of the daemon, and what it answers.
 *
 *     tap SOCKET DAEMON GROUP
 *
 * Listens on SOCKET, which group GROUP may use, for as long as the daemon serves on DAEMON: a client that calls while it
 * does not is refused by the kernel, as it would be by the daemon. Bytes pass through unchanged. HTTP/1.1 is read along
 * the way, and where it cannot be, say in a connection that became an attached terminal, the tap passes on and hears
 * nothing more. It prints a line of JSON, shorter than what a pipe takes at once, for
 *
 *     {"tap": "open"}                                                  the daemon serves
 *     {"tap": "command", "command": n, "argv": [text, ...]}            a process that calls, before its first call;
 *                                                                      of "docker login" not what follows, a password
 *     {"tap": "call", "call": n, "command": n, "method": m, "uri": u}  n of the command is 0 if it is not known
 *     {"tap": "answer", "call": n, "status": n, "us": n, "body": text} microseconds to the answer's head; the body of
 *                                                                      refusals, and of answers to "create": its start
 *     {"tap": "end", "call": n, "us": n}                               microseconds to the end of an answer that was
 *                                                                      streamed: always of a POST, else if it lasted
 *     {"tap": "event", "event": {...}}                                 an event of the daemon's, as its API tells it; no
 *                                                                      "event" if it is too long
 *
 * Pings are not told. Neither bodies of calls nor header fields, where credentials are, leave this program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 1 << 14,    /* bytes that wait in one direction of a connection */
    LINE = 1536,        /* bytes of a line of HTTP that are looked at */
    BODY = 400,         /* and of an answer's body */
    TOLD = 3900,        /* bytes of a printed line: less than PIPE_BUF, so that lines do not mix */
    LINKS = 1000,       /* connections at once; more wait in the socket's queue */
    PENDING = 16,       /* calls of a connection that wait for an answer */
    COMMANDS = 64,      /* processes that are remembered */
    LASTS = 5000,       /* microseconds after which an answer has lasted */
    RETRY = 10,         /* milliseconds between two looks for a daemon that does not serve */
};

static const char EVENTS[] =
    "GET /events?by=check&filters=%7B%22type%22%3A%5B%22container%22%2C%22image%22%2C%22network%22%2C%22volume%22%5D%2C"
    "%22event%22%3A%5B%22create%22%2C%22start%22%2C%22restart%22%2C%22die%22%2C%22oom%22%2C%22pause%22%2C%22unpause%22"
    "%2C%22rename%22%2C%22update%22%2C%22destroy%22%2C%22health_status%22%2C%22pull%22%2C%22push%22%2C%22tag%22%2C"
    "%22untag%22%2C%22delete%22%2C%22import%22%2C%22load%22%2C%22connect%22%2C%22disconnect%22%2C%22remove%22%2C"
    "%22prune%22%5D%7D HTTP/1.0\r\nHost: daemon\r\n\r\n";

enum phase { FIRST, FIELDS, SIZED, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE, DEAF };

struct message { /* what is known of the message that is being read */
    enum phase phase;
    int64_t left; /* bytes of its body, or of a chunk of it; -1: not said */
    int chunked, raw, status;
    size_t length;
    char line[LINE];
};

struct call {
    uint64_t number; /* 0: not told */
    uint64_t since;  /* microseconds */
    int is_head, is_post, is_create;
};

struct link { /* a client's connection, and its own to the daemon */
    int fd[2];    /* client, daemon */
    int ended[2]; /* what came from there has ended */
    size_t from[2], to[2];
    char bytes[2][CHUNK];
    struct message message[2];
    struct call pending[PENDING];
    unsigned first, last; /* of pending, modulo PENDING */
    pid_t pid;
    uint64_t command;
    struct { uint64_t number, us; int status; size_t length; char body[BODY]; } answer; /* number 0: none to be told */
    struct call answered; /* the answer under way is to this */
    int streams;          /* and has no length */
};

struct command { pid_t pid; unsigned long long born; uint64_t number; };

static struct link *links[LINKS];
static size_t linked;
static struct command commands[COMMANDS];
static uint64_t last_call, last_command;

static const char *socket_path, *daemon_path;
static gid_t group;
static int listener = -1, events = -1;
static int hears_head; /* the events' answer has not ended its head yet */
static char event[TOLD];
static size_t event_length;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* --- what is printed --- */

static char told[TOLD + 1];
static size_t told_length;

static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    told_length += vsnprintf(told + told_length, TOLD - told_length, format, arguments);
    va_end(arguments);
}

/* Add a JSON string of at most `most` bytes: what is longer loses its end. */
static void tell_text(const char *bytes, size_t length, size_t most)
{
    size_t end = told_length + most;
    told[told_length++] = '"';
    for (size_t i = 0; i < length && told_length + 8 < end; i++) {
        unsigned char c = bytes[i];
        if (c == '"' || c == '\\')
            told[told_length++] = '\\';
        if (c < ' ' || c == 0x7f)
            told_length += sprintf(told + told_length, "\\u%04x", c);
        else
            told[told_length++] = c;
    }
    told[told_length++] = '"';
}

static void tell_end(void)
{
    told[told_length++] = '\n';
    for (size_t sent = 0; sent < told_length;) {
        ssize_t n = write(1, told + sent, told_length - sent);
        if (n < 0 && errno != EINTR)
            exit(74); /* nobody listens any more */
        sent += n > 0 ? n : 0;
    }
    told_length = 0;
}

/* --- who calls --- */

/* Read of a process its name, its parent and when it was born; return whether it is there. See proc_pid_stat(5). */
static int look_up(pid_t pid, char *name, pid_t *parent, unsigned long long *born)
{
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (length <= 0)
        return 0;
    text[length] = 0;
    char *open_ = strchr(text, '('), *close_ = strrchr(text, ')');
    if (!open_ || !close_)
        return 0;
    snprintf(name, 17, "%.*s", (int)(close_ - open_ - 1), open_ + 1);
    return sscanf(close_ + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", parent,
                  born) == 2;
}

static void tell_command(uint64_t number, pid_t pid)
{
    char path[40], words[1024];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, words, sizeof words - 1);
    if (file >= 0)
        close(file);
    length = length < 0 ? 0 : length;
    words[length] = 0;
    tell("{\"tap\": \"command\", \"command\": %llu, \"argv\": [", (unsigned long long)number);
    for (ssize_t at = 0; at < length && told_length < TOLD - 600; at += strlen(words + at) + 1) {
        if (at)
            tell(", ");
        tell_text(words + at, strlen(words + at), 500);
        if (!strcmp(words + at, "login"))
            break;
    }
    tell("]}");
    tell_end();
}

/* Return the number of the command that a process belongs to, and tell of it if it is new; 0 if it is gone.
 * A plugin of the docker command (compose, build) is its child, and belongs to it. */
static uint64_t command_of(pid_t pid)
{
    char name[17];
    pid_t parent, child = pid;
    unsigned long long born, next;
    if (pid <= 0 || !look_up(pid, name, &parent, &born))
        return 0;
    while (parent > 1 && look_up(parent, name, &child, &next) && !strcmp(name, "docker")) {
        pid = parent;
        parent = child;
        born = next;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].pid == pid && commands[i].born == born)
            return commands[i].number;
    struct command *one = &commands[++last_command % COMMANDS];
    *one = (struct command){pid, born, last_command};
    tell_command(last_command, pid);
    return last_command;
}

/* --- HTTP/1.1, read along the way (RFC 9112) --- */

static int starts(const char *line, const char *with)
{
    return !strncasecmp(line, with, strlen(with));
}

static void deafen(struct link *link)
{
    link->message[0].phase = link->message[1].phase = DEAF;
}

static void tell_answer(struct link *link)
{
    if (!link->answer.number)
        return;
    tell("{\"tap\": \"answer\", \"call\": %llu, \"status\": %d, \"us\": %llu, \"body\": ",
         (unsigned long long)link->answer.number, link->answer.status, (unsigned long long)link->answer.us);
    tell_text(link->answer.body, link->answer.length, 2000);
    tell("}");
    tell_end();
    link->answer.number = 0;
}

/* Tell of an answer that ends what was not told, and that it ended. */
static void answer_ended(struct link *link)
{
    struct call *call = &link->answered;
    uint64_t took = now() - call->since;
    tell_answer(link);
    if (call->number && link->streams && (call->is_post || took > link->answer.us + LASTS)) {
        tell("{\"tap\": \"end\", \"call\": %llu, \"us\": %llu}", (unsigned long long)call->number,
             (unsigned long long)took);
        tell_end();
    }
    call->number = 0;
}

static void request_began(struct link *link, char *line)
{
    char *uri = strchr(line, ' '), *version = uri ? strchr(uri + 1, ' ') : NULL;
    if (!version && uri && strlen(line) == LINE - 1)
        version = line + LINE - 1; /* a very long line: its end was cut off */
    if (!version || (*version && !starts(version, " HTTP/1.")) || link->last - link->first == PENDING) {
        deafen(link);
        return;
    }
    *uri++ = 0;
    *version = 0;
    const char *path = uri[0] == '/' && uri[1] == 'v' && uri[2] >= '0' && uri[2] <= '9' ? strchr(uri + 1, '/') : uri;
    struct call *call = &link->pending[link->last++ % PENDING];
    *call = (struct call){0, now(), !strcmp(line, "HEAD"), !strcmp(line, "POST"), 0};
    if (path && !strncmp(path, "/_ping", 6))
        return;
    if (!link->command)
        link->command = command_of(link->pid);
    call->number = ++last_call;
    call->is_create = call->is_post && path && !strncmp(path, "/containers/create", 18);
    tell("{\"tap\": \"call\", \"call\": %llu, \"command\": %llu, \"method\": ", (unsigned long long)call->number,
         (unsigned long long)link->command);
    tell_text(line, strlen(line), 40);
    tell(", \"uri\": ");
    tell_text(uri, strlen(uri), 2500);
    tell("}");
    tell_end();
}

static void answer_began(struct link *link, const char *line)
{
    int status;
    if (sscanf(line, "HTTP/1.%*d %d", &status) != 1 || link->first == link->last)
        deafen(link);
    else
        link->message[1].status = status;
}

/* Whether a message has a body, and how it ends. A request without a length has none; an answer then ends with its
 * connection. */
static void body_begins(struct message *message, int has_none, int is_answer)
{
    if (has_none || (!message->chunked && !message->left) || (!message->chunked && message->left < 0 && !is_answer))
        message->phase = FIRST;
    else if (message->chunked)
        message->phase = CHUNK_SIZE;
    else
        message->phase = message->left > 0 ? SIZED : UNTIL_CLOSE;
}

static void answer_head_ended(struct link *link)
{
    struct message *message = &link->message[1];
    if (message->status < 200 && message->status != 101) { /* the answer is yet to come */
        message->phase = FIRST;
        return;
    }
    link->answered = link->pending[link->first++ % PENDING];
    struct call *call = &link->answered;
    link->answer.number = call->number;
    link->answer.status = message->status;
    link->answer.us = now() - call->since;
    link->answer.length = 0;
    if (message->status < 400 && !call->is_create)
        tell_answer(link);
    link->streams = message->status == 101 || message->chunked || message->left < 0;
    if (message->status == 101 || message->raw) {
        deafen(link);
        return;
    }
    body_begins(message, call->is_head || message->status == 204 || message->status == 304, 1);
    if (message->phase == FIRST) {
        link->streams = 0;
        answer_ended(link);
    }
}

static void field(struct message *message, const char *line)
{
    if (starts(line, "content-length:"))
        message->left = strtoll(line + 15, NULL, 10);
    else if (starts(line, "transfer-encoding:") && strcasestr(line, "chunked"))
        message->chunked = 1;
    else if (starts(line, "content-type:") && strstr(line, "application/vnd.docker.raw-stream"))
        message->raw = 1;
}

static void chunk_began(struct link *link, int side, const char *line)
{
    struct message *message = &link->message[side];
    char *end;
    message->left = strtoll(line, &end, 16);
    if (end == line || message->left < 0)
        deafen(link);
    else
        message->phase = message->left ? CHUNK_DATA : TRAILER;
}

static void message_ended(struct link *link, int side)
{
    link->message[side].phase = FIRST;
    if (side == 1)
        answer_ended(link);
}

static void line_ended(struct link *link, int side)
{
    struct message *message = &link->message[side];
    char *line = message->line;
    message->line[message->length] = 0;
    int is_empty = !message->length;
    switch (message->phase) {
    case FIRST:
        if (is_empty)
            break;
        message->phase = FIELDS;
        message->left = -1;
        message->chunked = message->raw = 0;
        if (side == 0)
            request_began(link, line);
        else
            answer_began(link, line);
        break;
    case FIELDS:
        if (!is_empty)
            field(message, line);
        else if (side == 1)
            answer_head_ended(link);
        else
            body_begins(message, 0, 0);
        break;
    case CHUNK_SIZE:
        chunk_began(link, side, line);
        break;
    case CHUNK_END:
        message->phase = CHUNK_SIZE;
        break;
    case TRAILER:
        if (is_empty)
            message_ended(link, side);
        break;
    default:
        break;
    }
    message->length = 0;
}

static void keep_body(struct link *link, const char *bytes, size_t length)
{
    size_t room = BODY - link->answer.length;
    length = length < room ? length : room;
    if (link->answer.number)
        memcpy(link->answer.body + link->answer.length, bytes, length);
    link->answer.length += length;
}

/* Read what passes from one side; return nothing, change nothing of it. */
static void hear(struct link *link, int side, const char *bytes, size_t length)
{
    struct message *message = &link->message[side];
    for (size_t at = 0; at < length && message->phase != DEAF;) {
        if (message->phase == SIZED || message->phase == CHUNK_DATA || message->phase == UNTIL_CLOSE) {
            size_t here = length - at;
            if (message->phase != UNTIL_CLOSE && (uint64_t)message->left < here)
                here = message->left;
            if (side == 1)
                keep_body(link, bytes + at, here);
            at += here;
            if (message->phase == UNTIL_CLOSE || (message->left -= here) > 0)
                continue;
            if (message->phase == SIZED)
                message_ended(link, side);
            else
                message->phase = CHUNK_END;
        } else if (bytes[at++] == '\n') {
            if (message->length && message->line[message->length - 1] == '\r')
                message->length--;
            line_ended(link, side);
        } else if (message->length < LINE - 1) {
            message->line[message->length++] = bytes[at - 1];
        }
    }
}

/* --- connections --- */

static int connect_daemon(void)
{
    struct sockaddr_un there = {.sun_family = AF_UNIX};
    strncpy(there.sun_path, daemon_path, sizeof there.sun_path - 1);
    int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (line >= 0 && connect(line, (struct sockaddr *)&there, sizeof there)) {
        close(line);
        return -1;
    }
    return line;
}

static void open_socket(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    strncpy(here.sun_path, socket_path, sizeof here.sun_path - 1);
    unlink(socket_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0117);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || chown(socket_path, 0, group) || listen(listener, 128)) {
        perror(socket_path);
        exit(71);
    }
    umask(before);
    tell("{\"tap\": \"open\"}");
    tell_end();
}

static void close_socket(void)
{
    unlink(socket_path);
    close(listener);
    listener = -1;
}

static void link_up(void)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
        return;
    int daemon = connect_daemon();
    struct link *link = daemon < 0 ? NULL : calloc(1, sizeof *link);
    if (!link) {
        close(client);
        if (daemon >= 0)
            close(daemon);
        return;
    }
    struct ucred who;
    socklen_t size = sizeof who;
    link->fd[0] = client;
    link->fd[1] = daemon;
    link->pid = getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &size) ? 0 : who.pid;
    links[linked++] = link;
}

/* Pass on what waits in direction `side`; return -1 if the other end takes nothing any more. */
static int pass_on(struct link *link, int side)
{
    while (link->from[side] < link->to[side]) {
        ssize_t n = send(link->fd[!side], link->bytes[side] + link->from[side], link->to[side] - link->from[side],
                         MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        link->from[side] += n;
    }
    link->from[side] = link->to[side] = 0;
    if (link->ended[side])
        shutdown(link->fd[!side], SHUT_WR);
    return 0;
}

static int take(struct link *link, int side)
{
    ssize_t n = read(link->fd[side], link->bytes[side], CHUNK);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    link->ended[side] = !n;
    link->to[side] = n;
    hear(link, side, link->bytes[side], n);
    return pass_on(link, side);
}

static short wants(const struct link *link, int side)
{
    return (link->to[side] == 0 && !link->ended[side] ? POLLIN : 0) | (link->to[!side] ? POLLOUT : 0);
}

/* Do what a connection is ready for; return whether it goes on. */
static int serve(struct link *link, const struct pollfd *ready)
{
    for (int side = 0; side < 2; side++) {
        if (link->to[!side] && ready[side].revents && pass_on(link, !side))
            return 0;
        if (!link->to[side] && !link->ended[side] && ready[side].revents && take(link, side))
            return 0;
    }
    return !(link->ended[0] && link->ended[1] && !link->to[0] && !link->to[1]);
}

static void link_down(size_t i)
{
    struct link *link = links[i];
    answer_ended(link); /* one whose end is that of its connection */
    close(link->fd[0]);
    close(link->fd[1]);
    free(link);
    links[i] = links[--linked];
}

/* --- the daemon's events --- */

static void ask_events(void)
{
    events = connect_daemon();
    hears_head = 1;
    event_length = 0;
    if (events >= 0 && write(events, EVENTS, sizeof EVENTS - 1) != sizeof EVENTS - 1) {
        close(events);
        events = -1;
    }
}

static void event_line(void)
{
    int is_whole = event_length < TOLD - 40;
    if (hears_head) {
        if (!event_length) {
            hears_head = 0;
            open_socket();
        }
    } else if (event_length) {
        tell(is_whole ? "{\"tap\": \"event\", \"event\": " : "{\"tap\": \"event\"");
        if (is_whole) {
            memcpy(told + told_length, event, event_length);
            told_length += event_length;
        }
        tell("}");
        tell_end();
    }
    event_length = 0;
}

/* Read events; if there will be none any more, the daemon serves no more. */
static void hear_events(void)
{
    char bytes[CHUNK];
    ssize_t length = read(events, bytes, sizeof bytes);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    for (ssize_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            event_line();
        else if (bytes[i] != '\r' && event_length < sizeof event)
            event[event_length++] = bytes[i];
    }
    if (length > 0)
        return;
    close(events);
    events = -1;
    if (listener >= 0)
        close_socket();
}

static void turn(void)
{
    static struct pollfd fds[2 + 2 * LINKS];
    size_t before = linked;
    fds[0] = (struct pollfd){linked < LINKS ? listener : -1, POLLIN, 0};
    fds[1] = (struct pollfd){events, POLLIN, 0};
    for (size_t i = 0; i < before; i++)
        for (int side = 0; side < 2; side++) {
            short wanted = wants(links[i], side);
            fds[2 + 2 * i + side] = (struct pollfd){wanted ? links[i]->fd[side] : -1, wanted, 0};
        }
    if (poll(fds, 2 + 2 * before, events < 0 ? RETRY : -1) < 0)
        return;
    for (size_t i = before; i-- > 0;) /* backwards: the last takes the place of one that goes */
        if (!serve(links[i], fds + 2 + 2 * i))
            link_down(i);
    if (fds[1].revents)
        hear_events();
    if (fds[0].revents && listener >= 0)
        link_up();
    if (events < 0)
        ask_events();
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    socket_path = argv[1];
    daemon_path = argv[2];
    group = atoi(argv[3]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    unlink(socket_path); /* an earlier tap's, killed before it could */
    for (;;)
        turn();
}
