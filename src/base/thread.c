#include "newsletter/base/thread.h"

#include <signal.h>

enum nl_status nl_thread_start(pthread_t *out, void *(*run)(void *ctx), void *ctx,
                               struct nl_error *err) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(out, NULL, run, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? NL_OK : nl_error_set(err, NL_OS, "cannot start a thread");
}
