/* keeper: keeps a learner's shell for viewers that come and go.
 *
 *     keeper NAME SHELL OFFSET COLS ROWS COMMAND [ARG...]
 *
 * The first call for NAME starts COMMAND on a new pty, and a process that stays: the keeper. Every call hands its own
 * stdin and stdout to the keeper over a socket and sleeps until that viewer is gone, so that bytes flow between the
 * pty and the viewer's pipes with nothing in between. A reload, a lost connection or a killed server lose a viewer,
 * never the shell.
 *
 * Both streams are frames: a type byte, the payload's length (4 bytes, big endian), the payload.
 *     to the keeper    'i' bytes to type      'r' columns, rows (2 bytes each, big endian)
 *     to the viewer    'o' bytes printed      'c' JSON: {"type": "attached", ...} or {"type": "exit", "code": n}
 *
 * The last RING bytes that the shell printed are kept, numbered from 0. Each viewer reads them at its own pace. One that
 * has fallen WINDOW behind slows the shell down; after STALL milliseconds of that the shell goes on without it, and the
 * viewer is set right ("reset") when it reads again. Nobody can make the keeper use more memory than it starts with.
 *
 * A viewer that comes back says which SHELL it saw and OFFSET, how far it had read, and gets what it missed.
 *
 * One that calls with 0 COLS and 0 ROWS only watches: it is told how large the terminal is, {"type": "size", "cols": n,
 * "rows": n}, before any output and after each change, and the shell never waits for it. It starts no shell. Of VIEWERS,
 * at most WATCHERS watch: there is always room for the learner.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RING = 1 << 20,   /* bytes of output kept; about 10,000 lines */
    CHUNK = 1 << 16,  /* most that is read or written at once */
    BURST = 1 << 10,  /* bytes read at once that say that more is on its way */
    WINDOW = 1 << 18, /* how far a viewer may fall behind before the shell waits */
    STALL = 5000,     /* milliseconds the shell waits */
    TYPED = 1 << 14,  /* bytes of input held per viewer until the shell takes them */
    NOTES = 512,      /* bytes of headers and control frames held per viewer */
    VIEWERS = 16,
    WATCHERS = 8,     /* of these, at most */
};

struct request { /* what a call of keeper sends along with its stdin and stdout */
    char shell[17];
    uint64_t offset;
    unsigned short cols, rows;
};

struct viewer {
    int call;              /* the socket of the waiting keeper call; -1: no viewer here */
    int in, out;
    uint64_t read;         /* offset of the next byte of output to send */
    uint32_t owed;         /* bytes left of the output frame whose header was sent */
    size_t noted;
    char notes[NOTES];     /* header and control bytes to send before any output */
    size_t typed;
    char input[TYPED];     /* raw frames from the viewer, not yet taken */
    uint32_t typing;       /* bytes left of an 'i' frame */
    uint64_t behind_since; /* milliseconds; 0: not behind */
    int stalled;
    int watches;
    unsigned sized;        /* which size it was told last */
};

static char ring[RING];
static uint64_t printed; /* offset after the newest byte of the ring */
static char shell_id[17];
static int master, listener, children;
static pid_t shell;
static unsigned columns, lines, sizes = 1; /* the terminal's size, and how many it has had */
static struct viewer viewers[VIEWERS];

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
    perror(what);
    exit(70);
}

static uint64_t oldest(void)
{
    return printed > RING ? printed - RING : 0;
}

/* ---- The modes a program has set on the terminal ------------------------------------------------------------------
 * When the output that set them has left the ring, a new viewer must be told: is this the alternate screen, is
 * pasting bracketed, are mouse clicks wanted. Sequences are CSI ? number ; number ... h (set) or l (reset).
 */
static const int mode_numbers[] = {1, 25, 1000, 1002, 1003, 1004, 1006, 1049, 2004};
enum { MODES = sizeof mode_numbers / sizeof *mode_numbers, ALTERNATE = 7 };
static char mode_set[MODES] = {[1] = 1}; /* the cursor is visible to begin with */
static enum { GROUND, ESCAPE, CSI, PRIVATE } scan_state;
static int scanned[8], scanned_count;

static void scan_private(char c)
{
    if (c >= '0' && c <= '9') {
        int *last = &scanned[scanned_count - 1];
        if (*last < 100000)
            *last = *last * 10 + c - '0';
    } else if (c == ';') {
        if (scanned_count < 8)
            scanned[scanned_count++] = 0;
    } else {
        for (int i = 0; (c == 'h' || c == 'l') && i < scanned_count; i++)
            for (int m = 0; m < MODES; m++)
                if (scanned[i] == mode_numbers[m])
                    mode_set[m] = c == 'h';
        scan_state = GROUND;
    }
}

static void scan(const char *p, const char *end)
{
    while (p < end) {
        if (scan_state == GROUND) {
            if (!(p = memchr(p, '\033', end - p)))
                return;
            scan_state = ESCAPE;
        } else if (scan_state == ESCAPE) {
            scan_state = *p == '[' ? CSI : *p == '\033' ? ESCAPE : GROUND;
        } else if (scan_state == CSI) {
            scan_state = *p == '?' ? PRIVATE : GROUND;
            scanned[0] = 0;
            scanned_count = 1;
        } else {
            scan_private(*p);
        }
        p++;
    }
}

/* ---- Output: pty -> ring -> viewers -------------------------------------------------------------------------------- */

static int ring_parts(uint64_t from, size_t length, struct iovec *parts)
{
    size_t start = from % RING, first = length < RING - start ? length : RING - start;
    parts[0] = (struct iovec){ring + start, first};
    parts[1] = (struct iovec){ring, length - first};
    return length > first ? 2 : 1;
}

static void keep(const char *bytes, size_t length)
{
    struct iovec parts[2];
    int count = ring_parts(printed, length, parts);
    for (int i = 0; i < count; i++) {
        memcpy(parts[i].iov_base, bytes, parts[i].iov_len);
        bytes += parts[i].iov_len;
    }
    printed += length;
}

/* Say the terminal's modes again, as output, for a viewer that cannot have seen them set. Saying them twice does no harm. */
static void print_modes(void)
{
    char text[32];
    for (int m = 0; scan_state == GROUND && m < MODES; m++)
        keep(text, snprintf(text, sizeof text, "\033[?%d%c", mode_numbers[m], mode_set[m] ? 'h' : 'l'));
}

static int read_shell(void)
{
    static char bytes[CHUNK];
    ssize_t n = read(master, bytes, sizeof bytes);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    scan(bytes, bytes + n);
    keep(bytes, n);
    return 1;
}

/* Read what there is. While the shell prints as fast as it can, wait a moment for more: the kernel hands out 4 KiB at a
 * time, and each hand-over costs every process up to the page a turn. */
static void read_burst(void)
{
    struct pollfd more = {master, POLLIN, 0};
    uint64_t enough = printed + CHUNK, end = now() + 2, before;
    do {
        before = printed;
        if (!read_shell())
            return;
    } while (printed - before >= BURST && printed < enough && now() < end && poll(&more, 1, 1) == 1);
}

static void put_header(struct viewer *v, char type, uint32_t length)
{
    char *p = v->notes + v->noted;
    p[0] = type;
    p[1] = length >> 24, p[2] = length >> 16, p[3] = length >> 8, p[4] = length;
    v->noted += 5;
}

static void put_control(struct viewer *v, const char *json)
{
    size_t length = strlen(json);
    if (v->noted + 5 + length > NOTES)
        return;
    put_header(v, 'c', length);
    memcpy(v->notes + v->noted, json, length);
    v->noted += length;
}

static void drop(struct viewer *v, unsigned char code)
{
    (void)!write(v->call, &code, 1);
    close(v->in);
    close(v->out);
    close(v->call);
    v->call = -1;
}

/* Begin at `from`, or, if that is gone from the ring, with all there is: from the first whole line. */
static void start_reading(struct viewer *v, uint64_t from, int reset)
{
    char json[160];
    int lost = from < oldest() || from > printed;
    if (lost || reset) {
        if (oldest())
            print_modes();
        from = oldest();
        for (uint64_t i = from; from && i < printed; i++)
            if (ring[i % RING] == '\n') {
                from = i + 1;
                break;
            }
    }
    v->read = from;
    v->behind_since = v->stalled = 0;
    snprintf(json, sizeof json, "{\"type\":\"attached\",\"shell\":\"%s\",\"offset\":%" PRIu64 ",\"replay\":%" PRIu64 ",\"reset\":%s}",
             shell_id, from, printed - from, lost || reset ? "true" : "false");
    put_control(v, json);
}

static void tell_size(struct viewer *v)
{
    char json[64];
    snprintf(json, sizeof json, "{\"type\":\"size\",\"cols\":%u,\"rows\":%u}", columns, lines);
    put_control(v, json);
    v->sized = sizes;
}

static void next_frame(struct viewer *v)
{
    if (v->watches && v->sized != sizes)
        tell_size(v);
    if (v->read < oldest())
        start_reading(v, v->read, 1);
    if (v->read < printed) {
        v->owed = printed - v->read < CHUNK ? printed - v->read : CHUNK;
        put_header(v, 'o', v->owed);
    }
}

static void sent(struct viewer *v, size_t n)
{
    size_t noted = n < v->noted ? n : v->noted;
    memmove(v->notes, v->notes + noted, v->noted - noted);
    v->noted -= noted;
    v->read += n - noted;
    v->owed -= n - noted;
}

/* Write what can be written now. Return 0 if the viewer is gone. */
static int feed(struct viewer *v)
{
    for (;;) {
        struct iovec parts[3] = {{v->notes, v->noted}};
        if (!v->owed && !v->noted)
            next_frame(v);
        if (!v->owed && !v->noted)
            return 1;
        parts[0].iov_len = v->noted;
        int count = 1 + (v->owed ? ring_parts(v->read, v->owed, parts + 1) : 0);
        ssize_t n = writev(v->out, parts, count);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        sent(v, n);
    }
}

static int pending(const struct viewer *v)
{
    return v->noted || v->owed || v->read < printed || (v->watches && v->sized != sizes);
}

/* May the shell print on? Not while a viewer is WINDOW behind, unless it has been for too long. */
static int room(void)
{
    int yes = 1;
    for (struct viewer *v = viewers; v < viewers + VIEWERS; v++) {
        if (v->call < 0 || v->watches)
            continue;
        if (printed - v->read < WINDOW) {
            v->behind_since = v->stalled = 0;
        } else if (!v->behind_since) {
            v->behind_since = now();
        } else if (now() - v->behind_since > STALL) {
            v->stalled = 1;
        }
        yes &= !v->behind_since || v->stalled;
    }
    return yes;
}

/* ---- Input: viewers -> pty ------------------------------------------------------------------------------------------ */

static void resize(unsigned cols, unsigned rows)
{
    if (!cols || !rows)
        return;
    struct winsize size = {.ws_col = cols < 1000 ? cols : 1000, .ws_row = rows < 500 ? rows : 500};
    ioctl(master, TIOCSWINSZ, &size);
    if (columns != size.ws_col || lines != size.ws_row) {
        columns = size.ws_col, lines = size.ws_row;
        sizes++;
    }
}

/* A full-screen program draws itself again when the size changes; make it, for a viewer who has an empty screen. */
static void redraw(unsigned cols, unsigned rows)
{
    if (mode_set[ALTERNATE] && rows > 1)
        resize(cols, rows - 1);
    resize(cols, rows);
}

static void take(struct viewer *v, size_t n)
{
    memmove(v->input, v->input + n, v->typed - n);
    v->typed -= n;
}

/* Type what is held. Return 0 if the shell takes no more now, or more must be read first. */
static int type_some(struct viewer *v)
{
    unsigned char *b = (unsigned char *)v->input;
    if (v->typing) {
        size_t most = v->typed < v->typing ? v->typed : v->typing;
        ssize_t n = most ? write(master, v->input, most) : 0;
        if (n <= 0)
            return 0;
        v->typing -= n;
        take(v, n);
        return 1;
    }
    if (v->typed < 5)
        return 0;
    uint32_t length = (uint32_t)b[1] << 24 | b[2] << 16 | b[3] << 8 | b[4];
    if (b[0] == 'i') {
        v->typing = length;
        take(v, 5);
        return 1;
    }
    if (b[0] != 'r' || length != 4)
        return v->typed = 0; /* not our protocol: forget it */
    if (v->typed < 9)
        return 0;
    resize(b[5] << 8 | b[6], b[7] << 8 | b[8]);
    take(v, 9);
    return 1;
}

/* Return 0 if the viewer is gone. */
static int listen_to(struct viewer *v)
{
    ssize_t n = read(v->in, v->input + v->typed, TYPED - v->typed);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return 0;
    v->typed += n > 0 ? n : 0;
    while (type_some(v))
        ;
    return 1;
}

/* ---- Viewers come ------------------------------------------------------------------------------------------------------ */

static void nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int same_user(int call)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return !getsockopt(call, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == getuid();
}

static int receive(int call, struct request *request, int fds[2])
{
    union { struct cmsghdr head; char space[CMSG_SPACE(2 * sizeof(int))]; } control;
    struct iovec body = {request, sizeof *request};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct timeval patience = {.tv_sec = 1};
    setsockopt(call, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recvmsg(call, &message, MSG_CMSG_CLOEXEC) != sizeof *request)
        return 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return 0;
    memcpy(fds, CMSG_DATA(head), 2 * sizeof(int));
    request->shell[16] = 0;
    return 1;
}

/* Return a free place, or NULL if there is none for somebody who watches, or does not. */
static struct viewer *place_for(int watches)
{
    struct viewer *free = NULL;
    int watchers = 0;
    for (struct viewer *v = viewers; v < viewers + VIEWERS; v++) {
        if (v->call < 0)
            free = v;
        else
            watchers += v->watches;
    }
    return watches && watchers >= WATCHERS ? NULL : free;
}

static void welcome(void)
{
    struct request request;
    int fds[2], call = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (call < 0)
        return;
    if (!same_user(call) || !receive(call, &request, fds)) {
        close(call);
        return;
    }
    int watches = !request.cols && !request.rows;
    struct viewer *v = place_for(watches);
    if (!v) {
        close(fds[0]);
        close(fds[1]);
        close(call);
        return;
    }
    nonblocking(fds[0]);
    nonblocking(fds[1]);
    *v = (struct viewer){.call = call, .in = fds[0], .out = fds[1], .watches = watches};
    int reset = strcmp(request.shell, shell_id) != 0;
    start_reading(v, reset ? 0 : request.offset, reset);
    redraw(request.cols, request.rows);
}

/* ---- The keeper's loop -------------------------------------------------------------------------------------------------- */

static void serve_viewer(struct viewer *v, const struct pollfd *in, const struct pollfd *out, const struct pollfd *call)
{
    int gone = call->revents != 0 || (out->revents & (POLLERR | POLLNVAL));
    if (!gone && v->typed)
        while (type_some(v))
            ;
    if (!gone && in->revents)
        gone = !listen_to(v);
    if (!gone && pending(v))
        gone = !feed(v);
    if (gone)
        drop(v, 0);
}

static void turn(void)
{
    struct pollfd fds[3 + 3 * VIEWERS];
    int may_print = room(), typing = 0;
    for (int i = 0; i < VIEWERS; i++) {
        struct viewer *v = &viewers[i];
        int here = v->call >= 0;
        typing |= here && v->typing && v->typed;
        fds[3 + 3 * i] = (struct pollfd){here && v->typed < TYPED ? v->in : -1, POLLIN, 0};
        fds[4 + 3 * i] = (struct pollfd){here ? v->out : -1, pending(v) ? POLLOUT : 0, 0};
        fds[5 + 3 * i] = (struct pollfd){here ? v->call : -1, POLLIN, 0};
    }
    fds[0] = (struct pollfd){listener, POLLIN, 0};
    fds[1] = (struct pollfd){master, (may_print ? POLLIN : 0) | (typing ? POLLOUT : 0), 0};
    fds[2] = (struct pollfd){children, POLLIN, 0};
    if (poll(fds, 3 + 3 * VIEWERS, may_print ? -1 : 250) < 0)
        return;
    struct signalfd_siginfo ignored;
    if (fds[2].revents)
        (void)!read(children, &ignored, sizeof ignored); /* keep_shell() asks waitpid() what it was */
    if (fds[1].revents & POLLIN)
        read_burst();
    for (int i = 0; i < VIEWERS; i++)
        if (viewers[i].call >= 0)
            serve_viewer(&viewers[i], &fds[3 + 3 * i], &fds[4 + 3 * i], &fds[5 + 3 * i]);
    if (fds[0].revents)
        welcome();
}

/* Say goodbye to those who watch, or to those who do not; until `end` they may read what is left. */
static void see_off(int watches, int code, uint64_t end)
{
    char json[64];
    snprintf(json, sizeof json, "{\"type\":\"exit\",\"code\":%d}", code);
    for (struct viewer *v = viewers; v < viewers + VIEWERS; v++) {
        if (v->call < 0 || v->watches != watches)
            continue;
        while ((v->owed || v->noted || v->read < printed) && feed(v) && now() < end)
            usleep(5000);
        put_control(v, json);
        feed(v);
        drop(v, code);
    }
}

/* The shell is gone: print what it left, say goodbye, and give slow viewers two seconds to read it. Those who only
 * watch come last and get no time: the learner may want the next shell. */
static void finish(int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    uint64_t end = now() + 2000;
    while (read_shell() && now() < end) {
        struct pollfd more = {master, POLLIN, 0};
        if (poll(&more, 1, 0) < 1)
            break;
    }
    see_off(0, code, end);
    see_off(1, code, now());
    exit(0);
}

static void keep_shell(char **command, unsigned short cols, unsigned short rows)
{
    struct winsize size = {.ws_col = cols ? cols : 80, .ws_row = rows ? rows : 24};
    unsigned char random[8];
    sigset_t child;
    int null = open("/dev/null", O_RDWR), status;
    columns = size.ws_col, lines = size.ws_row;
    if (getrandom(random, sizeof random, 0) != sizeof random)
        die("getrandom");
    for (int i = 0; i < 8; i++)
        sprintf(shell_id + 2 * i, "%02x", random[i]);
    for (int i = 0; i < VIEWERS; i++)
        viewers[i].call = -1;
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    setsid();
    signal(SIGPIPE, SIG_IGN);
    if ((shell = forkpty(&master, NULL, NULL, &size)) < 0)
        exit(70);
    if (!shell) {
        signal(SIGPIPE, SIG_DFL);
        execvp(command[0], command);
        die(command[0]);
    }
    nonblocking(master);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    children = signalfd(-1, &child, SFD_CLOEXEC);
    while (waitpid(shell, &status, WNOHANG) != shell)
        turn();
    finish(status);
}

/* ---- A call of keeper --------------------------------------------------------------------------------------------------- */

/* Abstract addresses belong to the network namespace and vanish with their process: nothing to clean up, and of two
 * calls that race to be the first, the kernel lets one bind. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "keeper/%.60s", name);
    return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

static void start_keeper(const char *name, char **command, const struct request *request)
{
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, VIEWERS)) {
        close(listener); /* it runs already, or another call is starting it */
        return;
    }
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid)
        keep_shell(command, request->cols, request->rows);
    close(listener);
}

static int hand_over(const char *name, struct request *request)
{
    union { struct cmsghdr head; char space[CMSG_SPACE(2 * sizeof(int))]; } control = {0};
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    int fds[2] = {0, 1}, call = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct iovec body = {request, sizeof *request};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), fds, sizeof fds);
    if (connect(call, (struct sockaddr *)&address, size) || sendmsg(call, &message, 0) < 0) {
        if (!request->cols && !request->rows)
            exit(0); /* no shell to be watched */
        die("keeper");
    }
    return call;
}

int main(int argc, char **argv)
{
    struct request request = {0};
    unsigned char code = 0;
    if (argc < 7) {
        fprintf(stderr, "usage: keeper NAME SHELL OFFSET COLS ROWS COMMAND [ARG...]\n");
        return 64;
    }
    snprintf(request.shell, sizeof request.shell, "%s", argv[2]);
    request.offset = strtoull(argv[3], NULL, 10);
    request.cols = atoi(argv[4]);
    request.rows = atoi(argv[5]);
    if (request.cols || request.rows)
        start_keeper(argv[1], argv + 6, &request);
    int call = hand_over(argv[1], &request);
    return recv(call, &code, 1, 0) == 1 ? code : 0;
}
