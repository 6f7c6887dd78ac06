#include "newsletter/base/open_files.h"

#include "newsletter/base/log.h"

#include <sys/resource.h>

enum {
    RAISED = 4096,
    RESERVED = 32, /* for the database, its journal, the log and libraries */
};

void nl_open_files_raise(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= RAISED)
        return;
    limit.rlim_cur = limit.rlim_max < RAISED ? limit.rlim_max : RAISED;
    setrlimit(RLIMIT_NOFILE, &limit); /* what cannot be raised stays as it is */
}

size_t nl_open_files_connections(size_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    size_t room = limit.rlim_cur > RESERVED + 2 ? (size_t)(limit.rlim_cur - RESERVED) / 2 : 1;
    return room < wanted ? room : wanted;
}

void nl_open_files_tell(size_t room, size_t wanted) {
    if (room < wanted)
        nl_log(NL_LOG_NOTICE, NULL,
               "no more than %zu of %zu connections: this process may have few files open (ulimit "
               "-n)",
               room, wanted);
}
