/* Any bytes as a file to import, in any format, and the first line as a segment: rows are taken or
 * refused with a reason, and what is taken comes out as it is read back. */
#include "newsletter/base/segment.h"
#include "newsletter/store/list.h"
#include "newsletter/transfer/transfer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char path[64];
static struct nl_store *store;

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void remove_files(void) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[80];
    nl_store_close(store);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static void install(void) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("news"), .sender = strdup("P <press@example.org>")};
    bool created = false;
    snprintf(path, sizeof path, "/dev/shm/newsletter-fuzz-%ld.db", (long)getpid());
    atexit(remove_files);
    demand(nl_store_create(path, &nl_env_system, &created, &err) == NL_OK);
    demand(nl_store_open(path, &nl_env_system, &store, &err) == NL_OK);
    demand(nl_list_check(&list, &err) == NL_OK && nl_list_add(store, &list, &err) == NL_OK);
    nl_list_free(&list);
}

static void check_reject(size_t line, const char *reason, const char *row, void *ctx) {
    (void)ctx;
    demand(line > 0 && strpbrk(reason, "\r\n") == NULL && strpbrk(row, "\r\n") == NULL);
}

static void import(const uint8_t *data, size_t len) {
    struct nl_error err = {0};
    struct nl_import_report report = {0};
    const struct nl_import_options options = {
        .format = (enum nl_transfer_format)(data[0] % 4),
        .keep_columns = data[0] % 8 > 3,
        .partial = true,
        .dry_run = true,
        .reject = check_reject,
        .policy = {.consent = "fuzz", .update = data[0] % 16 > 7},
    };
    FILE *in = fmemopen((void *)(data + 1), len - 1, "r");
    if (in == NULL)
        return;
    if (nl_import_file(store, in, "fuzz", &options, &report, &err) != NL_OK)
        demand(err.text != NULL && strpbrk(err.text, "\r\n") == NULL);
    nl_import_report_free(&report);
    nl_error_free(&err);
    fclose(in);
}

static enum nl_status nothing(const struct nl_member *member, void *ctx, struct nl_error *err) {
    (void)member;
    (void)ctx;
    (void)err;
    return NL_OK;
}

/* Conditions that parse can be evaluated. */
static void ask(const uint8_t *data, size_t len) {
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    char *text = strndup((const char *)data + 1, len - 1);
    demand(text != NULL);
    text[strcspn(text, "\n")] = '\0';
    if (nl_segment_parse(text, 1700000000, &segment, &err) == NL_OK) {
        const struct nl_member_filter filter = {.segment = segment};
        demand(nl_members_each(store, &filter, nothing, NULL, &err) == NL_OK);
    }
    nl_segment_free(segment);
    nl_error_free(&err);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (store == NULL)
        install();
    if (len < 2)
        return 0;
    import(data, len);
    ask(data, len);
    return 0;
}
