/* Shared by the pages of imports and exports. */
#ifndef NL_WEB_STAFF_TASKS_H
#define NL_WEB_STAFF_TASKS_H

#include "web/staff_common.h"

enum { NL_TASKS_SHOWN = 30 };

/* The name of a state in the language of the page. */
const char *nl_task_label(const struct nl_staff_call *call, const char *state);

/* Whether a task goes on by itself. */
bool nl_task_is_busy(const json_t *facts);

/* Has the page look again, by script or without, while the task goes on by itself. */
void nl_task_watch(const struct nl_staff_call *call, const json_t *facts);

/* Has the thread do what was asked for now. */
void nl_task_wake(const struct nl_staff_call *call);

/* The pages of imports or of exports, which take the data of the call: the list of them, beginning
 * one, and the pages of one, of which `rest` is the end of the path: "" or "/...". */
typedef enum nl_status nl_task_page(struct nl_staff_call *call,
                                    const struct nl_people_rights *rights,
                                    struct nl_response *response, struct nl_error *err);
struct nl_task_pages {
    nl_task_page *list, *begin;
    enum nl_status (*one)(struct nl_staff_call *call, const struct nl_people_rights *rights,
                          const json_t *facts, const char *rest, struct nl_response *response,
                          struct nl_error *err);
    enum nl_status (*read)(const struct nl_office *office, int64_t id, json_t **out,
                           struct nl_error *err);
    bool import;
};

/* Calls the one that is asked for; an account that looks after no people is refused. */
enum nl_status nl_task_call(struct nl_staff_call *call, const struct nl_task_pages *pages,
                            const char *rest, struct nl_response *response, struct nl_error *err);

/* Whether an account may see and do everything about a task. One that looks after some lists has
 * those of its lists, and of imports those that are confined to it. */
bool nl_task_is_theirs(const struct nl_people_rights *rights, const json_t *facts, bool import);

/* Takes the facts of tasks as the rows of a page, those that the account may see; the address of
 * the page with older ones, which begins with `path`, is its member "older" ("": there are none).
 */
void nl_tasks_show(const struct nl_staff_call *call, const struct nl_people_rights *rights,
                   const char *path, bool import, json_t *tasks);

/* Sets "trouble" in `data` to why a task failed, in the language of the page; "" if it did not. */
void nl_task_trouble(const struct nl_staff_call *call, const json_t *facts, json_t *data);

/* staff_import_page.c: the page of one import, of which these are the facts. staff_import_act.c:
 * what its buttons do. Both take the data of the call. */
enum nl_status nl_import_page(struct nl_staff_call *call, const struct nl_people_rights *rights,
                              const json_t *facts, struct nl_response *response,
                              struct nl_error *err);
enum nl_status nl_import_act(struct nl_staff_call *call, const struct nl_people_rights *rights,
                             const json_t *facts, struct nl_response *response,
                             struct nl_error *err);

/* How many columns of a file are shown, and the name of the field for one of them. */
enum { NL_IMPORT_COLUMNS = 100, NL_IMPORT_FIELD = 16 };
void nl_import_column_field(size_t index, char out[NL_IMPORT_FIELD]);

#endif
