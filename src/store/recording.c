#include "store/recording.h"

#include "newsletter/db/sql.h"

#include <stdlib.h>

void nl_recordings_free(struct nl_recording *files, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(files[i].data);
    free(files);
}

enum nl_status nl_recordings_add(struct nl_store *store, int64_t issue, const char *language,
                                 const struct nl_recording *files, size_t count,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status =
            nl_sql_run(store, err,
                       "INSERT INTO recording (issue, language, number, type, data) "
                       "VALUES (?, coalesce(?, ''), ?, ?, ?)",
                       NL_VALUES(NL_INT(issue), NL_STRING(language), NL_INT(files[i].number),
                                 NL_STRING(files[i].type), NL_BYTES(files[i].data, files[i].len)));
    return status;
}

enum nl_status nl_recording_read(struct nl_store *store, int64_t issue, const char *language,
                                 int64_t number, int64_t *size, struct nl_buf *out,
                                 struct nl_error *err) {
    enum nl_status status =
        nl_sql_number(store, err, size, NULL,
                      "SELECT length(data) FROM recording WHERE issue = ? AND language = "
                      "coalesce(?, '') AND number = ?",
                      NL_VALUES(NL_INT(issue), NL_STRING(language), NL_INT(number)));
    return status == NL_OK && out != NULL && *size > 0
               ? nl_sql_each(store, err, nl_sql_add_bytes, out,
                             "SELECT data FROM recording WHERE issue = ? AND language = "
                             "coalesce(?, '') AND number = ?",
                             NL_VALUES(NL_INT(issue), NL_STRING(language), NL_INT(number)))
               : status;
}

enum nl_status nl_recordings_exist(struct nl_store *store, int64_t list, bool *found,
                                   struct nl_error *err) {
    return nl_sql_exists(
        store, err, found,
        "SELECT 1 FROM recording r JOIN issue i ON i.id = r.issue WHERE i.list = ? "
        "LIMIT 1",
        NL_VALUES(NL_INT(list)));
}
