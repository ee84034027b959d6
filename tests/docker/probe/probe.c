/* probe: try what nobody in a sandbox may do, and say of each try how it ended.
 *
 *     probe [KIND:TARGET ...]
 *
 * One line for each: a name, a tab, and ALLOWED or the name of the error it was refused with. Nothing here changes
 * anything: files are opened and closed, settings are set to what they are, and what was made is taken away again.
 * What is asked on the command line depends on the machine:
 *     tcp:ADDRESS:PORT   reach a listener; SENT if packets leave for somewhere, and nothing comes back
 *     unix:PATH          connect to a socket           abstract:NAME   to one without a path
 *     file:PATH          read a file                   process:TEXT    see a process that has this argument
 *     shm:KEY            find shared memory
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int in_sandbox;
static const char *scratch = "/dev/shm/probe"; /* the one place that everyone in a sandbox can write to */

static void say(const char *name, const char *target, long result)
{
    printf("%s%s\t%s\n", name, target, result >= 0 ? "ALLOWED" : strerrorname_np(errno));
}

static int shut(int fd)
{
    return fd < 0 ? fd : close(fd);
}

/* ---- files ---- */

static const char *readable[] = {
    "/dev/kmsg", "/dev/mem", "/dev/port", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0", "/dev/loop-control",
    "/dev/kvm", "/dev/vsock", "/dev/vhost-vsock", "/dev/userfaultfd", "/dev/btrfs-control", "/dev/mapper/control",
    "/dev/snapshot", "/dev/hwrng", "/dev/vcs", "/dev/tty1", "/dev/ttyS0", "/dev/input/event0", "/dev/dri/card0",
    "/proc/kcore", "/proc/kmsg", "/proc/timer_list", "/proc/vmallocinfo", "/proc/slabinfo", "/proc/kpagecount",
    "/proc/sched_debug", "/proc/1/root/etc/shadow", "/etc/shadow",
    "/sys/firmware/acpi/tables/APIC", "/sys/firmware/dmi/tables/DMI", "/sys/class/dmi/id/product_uuid",
    "/sys/kernel/debug/tracing", "/sys/kernel/tracing/trace", "/sys/kernel/security/lsm",
};

static const char *writable[] = {
    "/dev/net/tun", "/dev/fuse", "/proc/sysrq-trigger", "/proc/acpi/wakeup", "/proc/irq/default_smp_affinity", "/proc/mtrr",
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/kernel/panic",
    "/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/threads-max",
    "/proc/sys/kernel/pty/max", "/proc/sys/kernel/keys/maxkeys", "/proc/sys/vm/drop_caches",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom", "/proc/sys/fs/file-max", "/proc/sys/fs/suid_dumpable",
    "/proc/sys/fs/binfmt_misc/register", "/proc/sys/net/core/bpf_jit_enable", "/proc/sys/net/netfilter/nf_conntrack_max",
    "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/module/overlay/parameters/metacopy",
    /* what binds the sandbox, in both versions of cgroups */
    "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/memory/terminals/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "/sys/fs/cgroup/pids/terminals/pids.max",
    "/sys/fs/cgroup/pids/docker/pids.max", "/sys/fs/cgroup/devices/docker/devices.allow",
    "/sys/fs/cgroup/docker/memory.max", "/sys/fs/cgroup/docker/pids.max", "/sys/fs/cgroup/terminals/memory.max",
    "/sys/fs/cgroup/terminals/pids.max",
};

/* What the sandbox is made of. In a container inside, the like-named files are its own, and not asked about. */
static const char *parts[] = {
    "/etc/hosts", "/etc/passwd", "/sbx/init", "/sbx/enter", "/sbx/facts", "/sbx/probe", "/usr/bin/curl", "/var/tmp/probe",
    "/warehouse/probe", "/run/sandbox/pid",
};

static void files(void)
{
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        say("read ", readable[i], shut(open(readable[i], O_RDONLY | O_NONBLOCK)));
    for (size_t i = 0; i < sizeof writable / sizeof *writable; i++)
        say("write ", writable[i], shut(open(writable[i], O_WRONLY | O_NONBLOCK)));
    for (size_t i = 0; in_sandbox && i < sizeof parts / sizeof *parts; i++) {
        int made = !strcmp(strrchr(parts[i], '/'), "/probe") ? O_CREAT : 0;
        long result = shut(open(parts[i], O_WRONLY | O_NONBLOCK | made, 0600));
        if (!result && made)
            unlink(parts[i]);
        say("write ", parts[i], result);
    }
}

static long node(mode_t kind, int major, int minor)
{
    long result = mknod(scratch, kind | 0600, makedev(major, minor));
    if (!result)
        unlink(scratch);
    return result;
}

static long mounted(const char *type, const char *what, unsigned long flags)
{
    mkdir(scratch, 0700);
    long result = mount(what, scratch, type, flags, NULL);
    int error = errno;
    if (!result)
        umount2(scratch, MNT_DETACH);
    rmdir(scratch);
    errno = error;
    return result;
}

/* A read-only mount of the outside made writable. */
static long writable_again(const char *path)
{
    return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static void mounts(void)
{
    say("make a block device", "", node(S_IFBLK, 254, 0));
    say("make a device of memory", "", node(S_IFCHR, 1, 1));
    say("mount the host's disk", "", mounted("ext4", "/dev/vda", 0));
    say("mount sysfs to write", "", mounted("sysfs", "probe", 0));
    say("mount debugfs", "", mounted("debugfs", "probe", 0));
    say("mount tracefs", "", mounted("tracefs", "probe", 0));
    say("mount securityfs", "", mounted("securityfs", "probe", 0));
    say("make /warehouse writable", "", writable_again("/warehouse"));
    if (in_sandbox)
        say("make /etc/hosts writable", "", writable_again("/etc/hosts"));
}

/* ---- system calls ---- */

static long traced(void)
{
    int status = 0;
    pid_t child = fork();
    if (!child)
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0);
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    return errno ? -1 : 0;
}

static long read_memory(void)
{
    char from[8] = "", to[8];
    struct iovec here = {to, sizeof to}, there = {from, sizeof from};
    return syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0);
}

static long by_handle(void)
{
    union { struct file_handle handle; char space[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } it = {{.handle_bytes = 8}};
    int root = open("/", O_RDONLY | O_DIRECTORY);
    long result = syscall(SYS_open_by_handle_at, root, &it, O_RDONLY);
    int error = errno;
    close(root);
    errno = error;
    return result;
}

static long counted(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .exclude_kernel = 1, .exclude_hv = 1};
    return shut(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static long bpf_map(void)
{
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return shut(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static long ring(void)
{
    struct io_uring_params params = {0};
    return shut(syscall(SYS_io_uring_setup, 1, &params));
}

static long same_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now);
}

static long unprotected(void)
{
    long before = personality(0xffffffff), result = personality(before | ADDR_NO_RANDOMIZE);
    if (result >= 0)
        personality(before);
    return result;
}

static long more_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max += 1;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static long never_killed(void)
{
    int fd = open("/proc/self/oom_score_adj", O_RDWR);
    long result = fd < 0 ? -1 : write(fd, "-900", 4);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static long realtime(void)
{
    struct sched_param param = {.sched_priority = 1};
    long result = sched_setscheduler(0, SCHED_FIFO, &param);
    param.sched_priority = 0;
    if (!result)
        sched_setscheduler(0, SCHED_OTHER, &param);
    return result;
}

/* Does a program of the container's root make a process its root? Not asked as root of a sandbox, who is that already. */
static long setuid_program(void)
{
    char line[256], path[32];
    int real = 0, effective = -1, in[2], null = open("/dev/null", O_RDWR);
    if (pipe(in) || null < 0)
        return -1;
    pid_t child = fork();
    if (!child) {
        setsid(); /* so that it asks its stdin, and not a terminal, for a password: none comes */
        dup2(in[0], 0), dup2(null, 1), dup2(null, 2);
        execl("/bin/su", "su", NULL);
        _exit(1);
    }
    usleep(200000);
    snprintf(path, sizeof path, "/proc/%d/status", child);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "Uid: %d %d", &real, &effective);
    if (status)
        fclose(status);
    kill(child, SIGKILL);
    close(in[1]), close(in[0]), close(null);
    waitpid(child, NULL, 0);
    errno = EPERM;
    return effective == 0 ? 0 : -1;
}

static void calls(void)
{
    int status = 0;
    struct timex nothing = {.modes = 0};
    say("call keyctl", "", syscall(SYS_keyctl, 0, -3, 1));
    say("call add_key", "", syscall(SYS_add_key, "user", "probe", "x", 1, -1));
    say("call io_uring_setup", "", ring());
    say("call userfaultfd", "", shut(syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* of user mode only */)));
    say("call bpf", "", bpf_map());
    say("call perf_event_open", "", counted());
    say("call ptrace", "", traced());
    say("call process_vm_readv", "", read_memory());
    say("call kcmp", "", syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    say("call open_by_handle_at", "", by_handle());
    say("call fsopen", "", shut(syscall(SYS_fsopen, "tmpfs", 0)));
    say("call open_tree", "", shut(syscall(SYS_open_tree, AT_FDCWD, "/", 0)));
    say("call memfd_secret", "", shut(syscall(SYS_memfd_secret, 0)));
    say("call fanotify_init", "", shut(fanotify_init(FAN_REPORT_FID, O_RDONLY)));
    say("call get_mempolicy", "", syscall(SYS_get_mempolicy, &status, NULL, 0, NULL, 0));
    say("call quotactl", "", syscall(SYS_quotactl, 0x800001 << 8, NULL, 0, NULL)); /* write out what there is */
    say("call syslog", "", syscall(SYS_syslog, 3, scratch, 0));
    say("call init_module", "", syscall(SYS_init_module, NULL, 0, ""));
    say("call finit_module", "", syscall(SYS_finit_module, -1, "", 0));
    say("call delete_module", "", syscall(SYS_delete_module, "probe", O_NONBLOCK));
    say("call kexec_load", "", syscall(SYS_kexec_load, 0, 0, NULL, 0));
    say("call reboot", "", syscall(SYS_reboot, 0, 0, 0, NULL)); /* without the numbers that it wants */
    say("call swapon", "", swapon("/nothing", 0));
    say("call acct", "", acct("/nothing"));
    say("call vhangup", "", vhangup());
    say("set the clock", "", same_time());
    say("call adjtimex", "", adjtimex(&nothing));
    say("switch off the randomizing of addresses", "", unprotected());
#ifdef __x86_64__
    say("call modify_ldt", "", syscall(SYS_modify_ldt, 0, &status, sizeof status));
    say("call iopl", "", syscall(SYS_iopl, 3));
    say("call ioperm", "", syscall(SYS_ioperm, 0x80, 1, 1));
#endif
    say("open more files than bound", "", more_files());
    say("be spared when memory ends", "", never_killed());
    say("run before everyone", "", realtime());
    say("be first in line", "", setpriority(PRIO_PROCESS, 0, -20));
    if (getuid())
        say("become root by a program", "", setuid_program());
}

/* ---- sockets ---- */

static void sockets(void)
{
    static const struct { const char *name; int family, type, protocol; } kinds[] = {
        {"vsock", AF_VSOCK, SOCK_STREAM, 0},          {"alg", AF_ALG, SOCK_SEQPACKET, 0},
        {"packet", AF_PACKET, SOCK_RAW, 0},           {"xdp", AF_XDP, SOCK_RAW, 0},
        {"key", AF_KEY, SOCK_RAW, 2},                 {"bluetooth", AF_BLUETOOTH, SOCK_RAW, 1},
        {"tipc", AF_TIPC, SOCK_RDM, 0},               {"can", AF_CAN, SOCK_RAW, 1},
        {"rds", AF_RDS, SOCK_SEQPACKET, 0},           {"pppox", AF_PPPOX, SOCK_DGRAM, 0},
        {"smc", AF_SMC, SOCK_STREAM, 0},              {"qipcrtr", AF_QIPCRTR, SOCK_DGRAM, 0},
        {"netlink sock_diag", AF_NETLINK, SOCK_RAW, 4}, {"netlink xfrm", AF_NETLINK, SOCK_RAW, 6},
        {"netlink audit", AF_NETLINK, SOCK_RAW, 9},   {"netlink connector", AF_NETLINK, SOCK_RAW, 11},
        {"netlink uevent", AF_NETLINK, SOCK_RAW, 15}, {"netlink generic", AF_NETLINK, SOCK_RAW, 16},
        {"netlink crypto", AF_NETLINK, SOCK_RAW, 21},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        say("socket ", kinds[i].name, shut(socket(kinds[i].family, kinds[i].type, kinds[i].protocol)));
}

/* ---- what the command line asks ---- */

static void reach(const char *target)
{
    char address[64];
    int port = 0, error = 0, s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof error;
    sscanf(target, "%63[^:]:%d", address, &port);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(address)};
    struct pollfd answer = {s, POLLOUT, 0};
    if (connect(s, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        error = errno;
    else if (poll(&answer, 1, 1000) == 0)
        error = -1;
    else
        getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
    close(s);
    if (error < 0) {
        printf("tcp:%s\tSENT\n", target);
        return;
    }
    errno = error;
    say("tcp:", target, error ? -1 : 0);
}

static long join(const char *path, int is_abstract)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(to.sun_path + is_abstract, sizeof to.sun_path - 1, "%s", path);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
    long result = connect(s, (struct sockaddr *)&to, size);
    int error = errno;
    close(s);
    errno = error;
    return result;
}

/* Find a process that has this for an argument. Those that only pass it on, as process:ARGUMENT, do not count. */
static long seen(const char *argument)
{
    char pattern[] = "/proc/[0-9]*/cmdline", line[4096];
    glob_t found;
    long result = -1;
    glob(pattern, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "r");
        size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
        line[length] = 0;
        for (char *at = line; at < line + length; at += strlen(at) + 1)
            if (!strcmp(at, argument))
                result = 0;
        if (file)
            fclose(file);
    }
    globfree(&found);
    errno = ESRCH;
    return result;
}

static void asked(const char *what)
{
    const char *target = strchr(what, ':') + 1;
    if (!strncmp(what, "tcp:", 4))
        reach(target);
    else if (!strncmp(what, "unix:", 5))
        say("", what, join(target, 0));
    else if (!strncmp(what, "abstract:", 9))
        say("", what, join(target, 1));
    else if (!strncmp(what, "file:", 5))
        say("", what, shut(open(target, O_RDONLY)));
    else if (!strncmp(what, "shm:", 4))
        say("", what, shmget(atoi(target), 0, 0));
    else
        say("", what, seen(target));
}

int main(int argc, char **argv)
{
    in_sandbox = !access("/sbx/init", F_OK);
    signal(SIGPIPE, SIG_IGN);
    files();
    mounts();
    calls();
    sockets();
    for (int i = 1; i < argc; i++)
        if (strchr(argv[i], ':'))
            asked(argv[i]);
    return 0;
}
