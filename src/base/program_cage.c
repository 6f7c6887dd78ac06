#include "base/program_cage.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel refuses every socket but those of this machine's own processes (seccomp(2)). The
 * filter cannot be taken off, and children inherit it. */
static bool leave_network(void) {
    enum { FAMILY = offsetof(struct seccomp_data, args[0]) + (BYTE_ORDER == BIG_ENDIAN ? 4 : 0) };
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FAMILY),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static bool limit(int resource, rlim_t most) {
    const struct rlimit both = {most, most};
    return setrlimit(resource, &both) == 0;
}

bool nl_cage_enter(const struct nl_cage *cage, int seconds) {
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    /* It ends with us, and what it complains about tells strangers nothing. */
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0 &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, (rlim_t)seconds) &&
           limit(RLIMIT_DATA, cage->data) && limit(RLIMIT_FSIZE, cage->file) && leave_network();
}
