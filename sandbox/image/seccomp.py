"""The system calls a sandbox may make, as a seccomp profile for the engine.

A list of what is allowed, not of what is not: a call that a newer kernel brings stays shut until someone has read about
it and put it here. The names stand in this file, and are not taken from the headers of the machine at hand, so the
profile is the same everywhere and a change of it is a change someone reviews. A name that an architecture or an
engine does not know is skipped by the engine, so one list serves x86-64 and aarch64.

Docker's own profile will not do: it ties `mount`, `unshare`, `setns` and the like to capabilities which the sandbox's
container does not have, while the daemon inside it, root of a user namespace, cannot work without them. The kernel
still asks for the capability in that namespace. On the other side this profile refuses much that Docker's allows.
"""

import json
from functools import cache
from typing import Any

ALLOWED = {
    "files": """
        access cachestat chdir chmod chown chroot close close_range copy_file_range creat dup dup2 dup3 faccessat
        faccessat2 fadvise64 fadvise64_64 arm_fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat
        fcntl fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat
        getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
        ioctl lchown lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir
        mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev
        pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir
        sendfile setxattr setxattrat splice stat statfs statx symlink symlinkat sync sync_file_range sync_file_range2
        syncfs tee truncate umask unlink unlinkat utime utimensat utimes write writev""",
    "waiting for files": """
        epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
        eventfd2 io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit poll ppoll pselect6 select""",
    "memory": """
        brk madvise map_shadow_stack membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap mseal
        msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages""",
    "processes and threads": """
        arch_prctl clone clone3 execve execveat exit exit_group fork futex futex_requeue futex_wait futex_waitv
        futex_wake get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getpriority getrlimit
        getrusage getsid gettid ioprio_get ioprio_set pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq
        sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
        sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler
        sched_yield set_robust_list set_thread_area set_tid_address setpgid setpriority setrlimit setsid vfork wait4
        waitid""",
    "signals": """
        kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
        rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill""",
    "time, reading it": """
        alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create
        timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
        times""",
    "talking to other processes": """
        accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify mq_open
        mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 recvfrom recvmmsg recvmsg semctl
        semget semop semtimedop sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown socketpair""",
    "users and what they may do": """
        capget capset getegid geteuid getgid getgroups getresgid getresuid getuid landlock_add_rule
        landlock_create_ruleset landlock_restrict_self lsm_get_self_attr lsm_list_modules lsm_set_self_attr seccomp
        setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid""",
    "about the system": "getrandom sysinfo uname",
    "making containers": """
        listmount mount pivot_root setdomainname sethostname setns statmount umount2 unshare""",
}

# Refused as if not permitted. `socket` and `personality` are not here: see below.
DENIED = {
    "the state of the kernel, or of the whole host": """
        acct adjtimex afs_syscall bpf clock_adjtime clock_settime create_module delete_module finit_module
        get_kernel_syms getpmsg init_module ioperm iopl kexec_file_load kexec_load lookup_dcookie nfsservctl putpmsg
        query_module quotactl quotactl_fd reboot security settimeofday swapoff swapon sysfs syslog _sysctl tuxcall
        uselib ustat vhangup vserver""",
    "large and often broken parts of the kernel": """
        fanotify_init fanotify_mark modify_ldt perf_event_open userfaultfd vmsplice""",
    "looking into other processes": """
        kcmp pidfd_getfd process_madvise process_mrelease process_vm_readv process_vm_writev ptrace""",
    "opening files by handle, past the mounts of a container": "open_by_handle_at",
    "placing memory on nodes": """
        get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node""",
}

# Refused as if this kernel did not have them: programs then do without, which a mere refusal would stop them from.
ABSENT = {
    "keyrings, which no namespace keeps apart": "add_key keyctl request_key",
    "large and often broken parts of the kernel": """
        io_uring_enter io_uring_register io_uring_setup memfd_secret""",
    "the newer way to mount, of which the older one is enough": """
        fsconfig fsmount fsopen fspick mount_setattr move_mount open_tree open_tree_attr""",
}

EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT = 1, 38, 93, 97
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
# Linux, 32-bit addresses, and the question what the present personality is. None switches off a protection.
PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF]

Rule = dict[str, Any]


def names(groups: dict[str, str]) -> list[str]:
    return sorted(name for group in groups.values() for name in group.split())


def allow(calls: list[str], *args: Rule) -> Rule:
    return {"names": calls, "action": "SCMP_ACT_ALLOW", "args": list(args)}


def refuse(calls: list[str], errno: int, *args: Rule) -> Rule:
    return {"names": calls, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": list(args)}


def argument(index: int, operator: str, value: int) -> Rule:
    return {"index": index, "op": f"SCMP_CMP_{operator}", "value": value}


def socket_rules() -> list[Rule]:
    """Allow sockets by family: local ones, the Internet's, and what sets up addresses and packet filters.

    The others "are not supported", which programs take well, and not "not permitted", which stops `su`, for one.
    vsock, which on some hosts is a way to the hypervisor, and packet sockets are among them.
    """
    families, protocols = [UNIX, INET, INET6], [NETLINK_ROUTE, NETLINK_NETFILTER]
    rules = [allow(["socket"], argument(0, "EQ", family)) for family in families]
    for protocol in protocols:
        rules.append(allow(["socket"], argument(0, "EQ", NETLINK), argument(2, "EQ", protocol)))
    # A rule cannot say "none of these": each other number is named, and everything above the greatest.
    for family in set(range(NETLINK)) - set(families):
        rules.append(refuse(["socket"], EAFNOSUPPORT, argument(0, "EQ", family)))
    rules.append(refuse(["socket"], EAFNOSUPPORT, argument(0, "GT", NETLINK)))
    netlink, top = argument(0, "EQ", NETLINK), max(protocols)
    for protocol in set(range(top)) - set(protocols):
        rules.append(refuse(["socket"], EPROTONOSUPPORT, netlink, argument(2, "EQ", protocol)))
    rules.append(refuse(["socket"], EPROTONOSUPPORT, netlink, argument(2, "GT", top)))
    return rules


@cache
def profile() -> str:
    """Return the profile as JSON, as the engine takes it."""
    personalities = [allow(["personality"], argument(0, "EQ", value)) for value in PERSONALITIES]
    architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": EPERM,
            "archMap": [{"architecture": name, "subArchitectures": []} for name in architectures],
            "syscalls": [
                allow(names(ALLOWED)),
                refuse(names(DENIED), EPERM),
                refuse(names(ABSENT), ENOSYS),
                *socket_rules(),
                *personalities,
            ],
        }
    )
