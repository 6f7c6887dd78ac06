#include "newsletter/service/remote_import.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/file.h"
#include "service/remote_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "user:token", or the key of Mailchimp, whose user may be anything. */
static enum nl_status open_call(struct nl_remote_reading *reading, struct nl_error *err) {
    const struct nl_remote_source *source = reading->source;
    const char *colon = strchr(source->login, ':');
    char user[200] = "newsletter";
    if (source->kind == NL_REMOTE_LISTMONK && (colon == NULL || colon - source->login >= 200))
        return nl_error_set(err, NL_USAGE,
                            "the login of listmonk is USER:TOKEN, in the file of --password-file");
    if (source->kind == NL_REMOTE_LISTMONK)
        snprintf(user, sizeof user, "%.*s", (int)(colon - source->login), source->login);
    return nl_remote_call_new(source->url, user,
                              source->kind == NL_REMOTE_LISTMONK ? colon + 1 : source->login,
                              &reading->call, err);
}

enum nl_status nl_office_remote_read(const struct nl_office *office,
                                     const struct nl_remote_source *source, FILE *rows,
                                     struct nl_remote_result *out, struct nl_error *err) {
    struct nl_remote_reading *reading = nl_calloc(1, sizeof *reading);
    *out = (struct nl_remote_result){0};
    *reading =
        (struct nl_remote_reading){.office = office, .source = source, .rows = rows, .out = out};
    enum nl_status status = open_call(reading, err);
    if (status == NL_OK && source->issues != NULL && mkdir(source->issues, 0755) != 0 &&
        errno != EEXIST)
        status = nl_error_system(err, errno, "make", source->issues);
    if (status == NL_OK)
        status = source->kind == NL_REMOTE_LISTMONK ? nl_remote_read_listmonk(reading, err)
                                                    : nl_remote_read_mailchimp(reading, err);
    if (status == NL_OK && fflush(rows) != 0)
        status = nl_error_system(err, errno, "write", "the rows");
    for (size_t i = 0; i < reading->list_count; i++) {
        free(reading->lists[i].title);
        free(reading->lists[i].name);
    }
    nl_remote_call_free(reading->call);
    free(reading);
    return status;
}
