/* Work that something outside must start, and files that keep it from starting. */
#include "doctor/checks.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/store/last_run.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

enum { HOUR = 3600, DAY = 24 * HOUR, LEAST_FREE_MIB = 64 };

static int64_t age(const struct nl_doctor *doctor, int64_t at) {
    return nl_store_now(doctor->store) - at;
}

/* cron or a timer runs 'retry' every few minutes; where it never did, that matters from the first
 * mail on. */
static enum nl_status examine_retry(struct nl_doctor *doctor, int64_t first, struct nl_error *err) {
    int64_t last = 0;
    enum nl_status status = nl_last_run_find(doctor->store, NL_RAN_RETRY, &last, err);
    if (status != NL_OK || (last == 0 && (first == 0 || age(doctor, first) < HOUR)))
        return status;
    if (last == 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "retry", NULL,
                        "'newsletter retry' has never run: deferred and scheduled mail waits for "
                        "it; let cron or a timer start it (contrib/crontab, contrib/systemd)");
    else if (age(doctor, last) > HOUR)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "retry", NULL,
                        "'newsletter retry' last ran %lld hours ago: does cron or the timer still "
                        "start it?",
                        (long long)age(doctor, last) / HOUR);
    else
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "retry", NULL,
                        "'newsletter retry' ran within the last hour");
    return NL_OK;
}

/* A mailbox is looked into by cron; a pipe runs when something comes, which a first day may lack.
 */
static enum nl_status examine_bounces(struct nl_doctor *doctor, int64_t first,
                                      struct nl_error *err) {
    const struct nl_config *config = doctor->config;
    bool fetches = config->fetch.host != NULL;
    int64_t last = 0;
    if (config->bounce_address == NULL)
        return NL_OK; /* reported already */
    enum nl_status status = nl_last_run_find(doctor->store, NL_RAN_BOUNCES, &last, err);
    if (status != NL_OK || first == 0 || age(doctor, first) < DAY)
        return status;
    if (last == 0)
        nl_findings_add(
            doctor->out, NL_LEVEL_WARNING, "bounces", NULL, "nothing has ever read mail to %s: %s",
            config->bounce_address,
            fetches ? "let cron run 'newsletter bounce --fetch'"
                    : "pipe it into 'newsletter bounce', or set 'fetch' (docs/operators.md)");
    else if (fetches && age(doctor, last) > DAY)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "bounces", NULL,
                        "the mailbox of %s was last read %lld hours ago: does cron still run "
                        "'newsletter bounce --fetch'?",
                        config->bounce_address, (long long)age(doctor, last) / HOUR);
    return NL_OK;
}

/* A lock that root has made keeps the owner of the database from sending. */
void nl_doctor_lock(struct nl_doctor *doctor) {
    const char *database = doctor->config->database;
    struct nl_buf path = {0};
    struct stat owner;
    struct stat lock;
    if (!nl_store_is_file(database))
        return;
    nl_buf_addf(&path, "%s.lock", database);
    if (stat(database, &owner) == 0 && lstat(nl_buf_text(&path), &lock) == 0 &&
        (!S_ISREG(lock.st_mode) || lock.st_uid != owner.st_uid))
        nl_findings_add(
            doctor->out, NL_LEVEL_ERROR, "lock", NULL,
            NL_TEXT("%s does not belong to the owner of the database, who can therefore send "
                    "nothing: remove it while nothing is sent"),
            nl_buf_text(&path));
    nl_buf_free(&path);
}

void nl_doctor_disk(struct nl_doctor *doctor) {
    const char *database = doctor->config->database;
    struct statvfs disk;
    if (nl_store_is_file(database) && statvfs(database, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize >> 20 < LEAST_FREE_MIB)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "disk", NULL,
                        NL_TEXT("less than %d MiB are free on the disk of the database: make room"),
                        LEAST_FREE_MIB);
}

enum nl_status nl_doctor_runs(struct nl_doctor *doctor, struct nl_error *err) {
    int64_t first = 0;
    nl_doctor_lock(doctor);
    enum nl_status status = nl_first_mail_find(doctor->store, &first, err);
    if (status == NL_OK)
        status = examine_retry(doctor, first, err);
    return status == NL_OK ? examine_bounces(doctor, first, err) : status;
}
