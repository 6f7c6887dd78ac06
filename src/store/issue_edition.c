#include "newsletter/base/memory.h"
#include "newsletter/store/issue.h"

#include "store/issue_edition.h"
#include "store/recording.h"

#include <stdlib.h>
#include <string.h>

void nl_editions_free(struct nl_edition *editions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(editions[i].language);
        free(editions[i].title);
        free(editions[i].subject);
        free(editions[i].source);
        free(editions[i].message);
        free(editions[i].alternative_subject);
        free(editions[i].alternative);
        free(editions[i].body);
        free(editions[i].text.note);
        free(editions[i].text.passages);
        nl_recordings_free(editions[i].recordings, editions[i].recording_count);
    }
    free(editions);
}

enum nl_status nl_editions_add(struct nl_store *store, const struct nl_issue *issue,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < issue->edition_count; i++) {
        const struct nl_edition *edition = &issue->editions[i];
        status = nl_sql_run(store, err,
                            "INSERT INTO edition (issue, language, title, subject, source, "
                            "message, body, alternative_subject, alternative) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            NL_VALUES(NL_INT(issue->id), NL_STRING(edition->language),
                                      NL_STRING(edition->title), NL_STRING(edition->subject),
                                      NL_STRING(edition->source),
                                      NL_BYTES(edition->message, edition->message_len),
                                      NL_BYTES(edition->body, edition->body_len),
                                      NL_STRING(edition->alternative_subject),
                                      NL_BYTES(edition->alternative, edition->alternative_len)));
        if (status == NL_OK)
            status = nl_recordings_add(store, issue->id, edition->language, edition->recordings,
                                       edition->recording_count, err);
    }
    return status;
}

struct editions {
    struct nl_edition *items;
    size_t count;
};

static enum nl_status add_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct editions *editions = context;
    struct nl_edition *grown =
        nl_realloc(editions->items, (editions->count + 1) * sizeof *editions->items);
    editions->items = grown;
    struct nl_edition *out = &grown[editions->count++];
    *out = (struct nl_edition){0};
    return nl_sql_read(row,
                       NL_COLUMNS(NL_INTO(&out->language), NL_INTO(&out->title),
                                  NL_INTO(&out->subject), NL_INTO(&out->source),
                                  NL_INTO_BYTES(&out->message, &out->message_len),
                                  NL_INTO(&out->alternative_subject),
                                  NL_INTO_BYTES(&out->alternative, &out->alternative_len)),
                       err);
}

enum nl_status nl_editions_read(struct nl_store *store, int64_t issue, struct nl_edition **out,
                                size_t *count, struct nl_error *err) {
    struct editions editions = {0};
    enum nl_status status = nl_sql_each(store, err, add_row, &editions,
                                        "SELECT language, title, subject, source, message, "
                                        "alternative_subject, alternative "
                                        "FROM edition WHERE issue = ? ORDER BY language",
                                        NL_VALUES(NL_INT(issue)));
    if (status != NL_OK) {
        nl_editions_free(editions.items, editions.count);
        editions = (struct editions){0};
    }
    *out = editions.items;
    *count = editions.count;
    return status;
}
