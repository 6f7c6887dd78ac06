/* The parts that imports and exports share. */
#ifndef NL_SERVICE_TASK_COMMON_H
#define NL_SERVICE_TASK_COMMON_H

#include "newsletter/service/office.h"
#include "newsletter/service/tasks.h"
#include "newsletter/store/task.h"
#include "newsletter/transfer/transfer.h"

#include <signal.h>
#include <stdio.h>

#define NL_TASK_BIT(state) (1U << (state))

/* task_facts.c: an object for task->result, with the parts of why it failed, unless `problem` is
 * NULL. */
json_t *nl_task_result(const struct nl_error *problem);

/* One as staff and programs see it; NULL for one with a text that is not UTF-8. */
json_t *nl_task_facts(const struct nl_task *task);

/* The same for one by its number, and for several. */
NL_CHECKED enum nl_status nl_task_read_facts(const struct nl_office *office, enum nl_task_kind kind,
                                             int64_t id, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_tasks_read_facts(const struct nl_office *office,
                                              enum nl_task_kind kind, int64_t before, int64_t limit,
                                              json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* imports.c: takes an import back that is being undone, in short transactions, to its end or until
 * *stop is no longer 0 (NULL: to its end). */
NL_CHECKED enum nl_status nl_task_undo(const struct nl_office *office, int64_t id,
                                       const volatile sig_atomic_t *stop, struct nl_error *err)
    NL_NONNULL(1, 4);

/* task_stream.c: a file of a task as a stream; NULL with an error. A failure of the database shows
 * as one of the stream, and in *problem, unless it is NULL, which lives as long. So does *written.
 */
struct nl_task_written {
    int64_t size;            /* in bytes */
    struct nl_error problem; /* free with nl_error_free */
};
FILE *nl_task_reader(struct nl_store *store, int64_t id, enum nl_task_file file,
                     struct nl_error *problem, struct nl_error *err) NL_NONNULL(1, 5);
FILE *nl_task_writer(struct nl_store *store, int64_t id, enum nl_task_file file,
                     struct nl_task_written *written, struct nl_error *err) NL_ALL_NONNULL;

/* The same to be read by somebody else; NL_NOTFOUND where there is nothing in it. */
NL_CHECKED enum nl_status nl_task_open(struct nl_store *store, int64_t id, enum nl_task_file file,
                                       FILE **out, struct nl_error *err) NL_ALL_NONNULL;

/* import_options.c: options as nl_import_file takes them; they borrow from `json`, which must
 * outlive them. Zero-initialise; free with nl_import_wish_free. NL_DATA, NL_NOTFOUND. */
struct nl_import_wish {
    struct nl_import_options options;
    char **maps, **states;
    const char **ignores;
    struct nl_catalog *catalog;
    struct nl_buf wording;
};
NL_CHECKED enum nl_status nl_import_wish_read(const struct nl_office *office, const json_t *json,
                                              struct nl_import_wish *out,
                                              struct nl_error *err) NL_ALL_NONNULL;
void nl_import_wish_free(struct nl_import_wish *wish);

/* The members of a JSON object, one letter for the type of each: 's' text, 'b' true or false, 'o'
 * object, 'a' array. NL_DATA for another member or type. */
struct nl_task_member {
    const char *name;
    char type;
};
NL_CHECKED enum nl_status nl_task_check_members(const json_t *json,
                                                const struct nl_task_member *members,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* import_run.c, export_run.c: do one that this process holds. Work that *stop ends stays as it is.
 */
NL_CHECKED enum nl_status nl_import_task_run(const struct nl_office *office, struct nl_task *task,
                                             const volatile sig_atomic_t *stop,
                                             struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_export_task_run(const struct nl_office *office,
                                             struct nl_store *second, struct nl_task *task,
                                             const volatile sig_atomic_t *stop,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* exports.c: what an export writes. Free with nl_export_wish_free. */
enum { NL_TASK_TRIES = 3 }; /* processes that may end while they are at one */
struct nl_export_wish {
    struct nl_member_filter filter;
    struct nl_export_options options;
    struct nl_segment *segment;
};
NL_CHECKED enum nl_status nl_export_wish_read(const struct nl_office *office, const json_t *json,
                                              struct nl_export_wish *out,
                                              struct nl_error *err) NL_ALL_NONNULL;
void nl_export_wish_free(struct nl_export_wish *wish);

#endif
