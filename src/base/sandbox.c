#include "newsletter/base/sandbox.h"
#include "newsletter/base/memory.h"

#include <fcntl.h>
#include <libgen.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The headers may be older than the kernel, so names of later versions stand here. */
enum { OLDEST = 2, WITH_TRUNCATE = 3, WITH_NETWORK = 4, WITH_SCOPES = 6 };
static const uint64_t access_truncate = UINT64_C(1) << 14;
static const uint64_t bind_tcp = UINT64_C(1) << 0;
static const int rule_net_port = 2;
static const uint64_t scope_signal = UINT64_C(1) << 1;

/* As the kernel has it since version 6: an earlier one accepts the longer form where the rest is 0.
 */
struct attributes {
    uint64_t files, network, scopes;
};

static const uint64_t file_reads = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t folder_reads = LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t file_writes = LANDLOCK_ACCESS_FS_WRITE_FILE;
static const uint64_t folder_writes = LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER;
static const uint64_t folder_owns = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;
static const uint64_t never = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

bool nl_sandbox_begin(struct nl_sandbox *sandbox) {
    *sandbox = (struct nl_sandbox){.ruleset = -1};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < OLDEST)
        return false;
    const struct attributes attributes = {.files = file_reads | folder_reads | file_writes |
                                                   folder_writes | folder_owns |
                                                   LANDLOCK_ACCESS_FS_EXECUTE | never |
                                                   (version >= WITH_TRUNCATE ? access_truncate : 0),
                                          .network = version >= WITH_NETWORK ? bind_tcp : 0,
                                          .scopes = version >= WITH_SCOPES ? scope_signal : 0};
    sandbox->version = (int)version;
    sandbox->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    return sandbox->ruleset >= 0;
}

void nl_sandbox_allow(struct nl_sandbox *sandbox, const char *path, enum nl_access access) {
    struct stat info;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return; /* nobody can open it, or it is not there */
    struct landlock_path_beneath_attr rule = {.allowed_access = file_reads, .parent_fd = fd};
    bool folder = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    if (folder)
        rule.allowed_access |= folder_reads;
    if (access == NL_ACCESS_RUN)
        rule.allowed_access |= LANDLOCK_ACCESS_FS_EXECUTE;
    if (access == NL_ACCESS_OWN && folder)
        rule.allowed_access |= folder_owns;
    if (access >= NL_ACCESS_WRITE)
        rule.allowed_access |= file_writes |
                               (sandbox->version >= WITH_TRUNCATE ? access_truncate : 0) |
                               (folder ? folder_writes : 0);
    if (syscall(SYS_landlock_add_rule, sandbox->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        sandbox->failed = true;
    close(fd);
}

void nl_sandbox_allow_binding(struct nl_sandbox *sandbox) {
    const struct { uint64_t access, port; } rule = {.access = bind_tcp, .port = 0};
    if (sandbox->version >= WITH_NETWORK &&
        syscall(SYS_landlock_add_rule, sandbox->ruleset, rule_net_port, &rule, 0) != 0)
        sandbox->failed = true;
}

void nl_sandbox_allow_beside(struct nl_sandbox *sandbox, const char *path, const char *home) {
    char *copy = nl_strdup(path);
    const char *folder = dirname(copy);
    nl_sandbox_allow(sandbox, path, NL_ACCESS_READ);
    if (folder != NULL && strcmp(folder, "/") != 0 && (home == NULL || strcmp(folder, home) != 0))
        nl_sandbox_allow(sandbox, folder, NL_ACCESS_READ);
    free(copy);
}

/* Without PR_SET_NO_NEW_PRIVS the kernel asks for a capability. There is nothing to execute
 * afterwards anyway. */
bool nl_sandbox_enter(struct nl_sandbox *sandbox) {
    bool entered = !sandbox->failed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   syscall(SYS_landlock_restrict_self, sandbox->ruleset, 0) == 0;
    close(sandbox->ruleset);
    sandbox->ruleset = -1;
    return entered;
}
