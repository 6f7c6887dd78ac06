#include "store/removed.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/removal.h"
#include "store/ledger.h"

#include <stdlib.h>

/* The setting: figures, each with a blank after it, and how far the removal is. */
enum { FIGURES = 3 + NL_SUBJECTS * 4, VALUE_SIZE = 21 * FIGURES + 16 };

static void figures_of(struct nl_removed *removed, int64_t *figures[FIGURES]) {
    size_t count = 0;
    figures[count++] = &removed->at;
    figures[count++] = &removed->unsubscribed;
    figures[count++] = &removed->replies;
    for (size_t i = 0; i < NL_SUBJECTS; i++) {
        figures[count++] = &removed->scores[i].people;
        figures[count++] = &removed->scores[i].sent;
        figures[count++] = &removed->scores[i].left;
        figures[count++] = &removed->scores[i].replied;
    }
}

enum nl_status nl_removed_read(struct nl_store *store, int64_t issue, struct nl_removed *out,
                               struct nl_error *err) {
    char value[VALUE_SIZE] = "";
    int64_t *figures[FIGURES];
    char *at = value;
    *out = (struct nl_removed){0};
    figures_of(out, figures);
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT value FROM setting WHERE key = " NL_REMOVED_KEY("?"),
                     NL_VALUES(NL_INT(issue)), NL_COLUMNS(NL_INTO_FIXED(value, sizeof value)));
    for (size_t i = 0; status == NL_OK && *at != '\0' && i < FIGURES; i++)
        *figures[i] = strtoll(at, &at, 10);
    return status;
}

enum nl_status nl_removal_find(struct nl_store *store, int64_t issue, int64_t *at,
                               struct nl_error *err) {
    struct nl_removed removed = {0};
    enum nl_status status = nl_removed_read(store, issue, &removed, err);
    *at = removed.at;
    return status;
}

enum nl_status nl_removal_check(struct nl_store *store, int64_t issue, struct nl_error *err) {
    int64_t at = 0;
    enum nl_status status = nl_removal_find(store, issue, &at, err);
    return status == NL_OK && at != 0
               ? nl_error_set(err, NL_EXISTS,
                              NL_TEXT("its deliveries were removed after their retention period: "
                                      "it is no longer known who received the issue"))
               : status;
}

enum nl_status nl_removed_note(struct nl_store *store, int64_t issue, struct nl_removed *removed,
                               struct nl_error *err) {
    struct nl_buf value = {0};
    int64_t *figures[FIGURES];
    figures_of(removed, figures);
    for (size_t i = 0; i < FIGURES; i++)
        nl_buf_addf(&value, "%lld ", (long long)*figures[i]);
    nl_buf_adds(&value, NL_REMOVAL_GOES_ON);
    enum nl_status status = nl_sql_run(
        store, err, "INSERT INTO setting (key, value) VALUES (" NL_REMOVED_KEY("?1") ", ?2)",
        NL_VALUES(NL_INT(issue), NL_STRING(nl_buf_text(&value))));
    nl_buf_free(&value);
    return status == NL_OK ? nl_ledger_removed(store, "deliveries", issue, err) : status;
}
