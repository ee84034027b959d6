/* meter: passes stdin on to stdout, no faster than the platform can bear.
 *
 * What the sandbox's services print becomes the container's log, and handling that costs the engine outside more than it
 * costs the sandbox: a flood would take a whole processor from everyone. A learner who is root inside can put any program
 * in a service's place, so this runs outside of the sandbox's namespaces. A line costs its bytes and LINE more; COST is
 * passed each second, after BURST at once. A flood waits in its pipe, and what printed it waits with it.
 */
#include <time.h>
#include <unistd.h>

enum { LINE = 200, COST = 1 << 19, BURST = 1 << 22 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cost(const char *bytes, ssize_t length)
{
    double sum = length;
    for (ssize_t i = 0; i < length; i++)
        sum += bytes[i] == '\n' ? LINE : 0;
    return sum;
}

static int pass_on(const char *bytes, ssize_t length)
{
    while (length > 0) {
        ssize_t n = write(1, bytes, length);
        if (n < 0)
            return 0;
        bytes += n;
        length -= n;
    }
    return 1;
}

int main(void)
{
    static char bytes[1 << 14];
    double left = BURST, before = now();
    ssize_t length;
    while ((length = read(0, bytes, sizeof bytes)) > 0 && pass_on(bytes, length)) {
        double at = now();
        left += (at - before) * COST;
        left = (left < BURST ? left : BURST) - cost(bytes, length);
        before = at;
        if (left < 0)
            usleep(-left / COST * 1e6);
    }
    return 0;
}
