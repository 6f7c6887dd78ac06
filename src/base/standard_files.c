#include "newsletter/base/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

bool nl_standard_files_hold(void) {
    bool held = true;
    for (int fd = STDIN_FILENO; held && fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1) /* opened the wrong way round, it cannot be used by mistake */
            held = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == fd;
    return held;
}
