#include "newsletter/store/relay_note.h"

#include "newsletter/db/sql.h"
#include "store/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEEK = 7 * 86400, MOST = 1000000 };

static const char *fault_key(enum nl_relay_fault fault) {
    return fault == NL_RELAY_NO_PIPELINING ? "relay without pipelining "
                                           : "relay without chunking ";
}

enum nl_status nl_relay_note_broken(struct nl_store *store, const char *relay,
                                    enum nl_relay_fault fault, struct nl_error *err) {
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)nl_store_now(store));
    return nl_setting_put(store, fault_key(fault), relay, now, err);
}

enum nl_status nl_relay_note_read(struct nl_store *store, const char *relay,
                                  enum nl_relay_fault fault, bool *broken, struct nl_error *err) {
    return nl_sql_exists(store, err, broken,
                         "SELECT 1 FROM setting WHERE key = CAST(?1 AS TEXT) || CAST(?2 AS TEXT) "
                         "AND CAST(value AS BIGINT) > ?3",
                         NL_VALUES(NL_STRING(fault_key(fault)), NL_STRING(relay),
                                   NL_INT(nl_store_now(store) - WEEK)));
}

const char *nl_held_back_word(enum nl_held_back held_back) {
    static const char *const words[] = {"unknown", "relay", "network", "limit", "rate", "machine"};
    return words[held_back];
}

const char *nl_held_back_text(enum nl_held_back held_back) {
    static const char *const texts[] = {"nothing yet",
                                        "the relay",
                                        "the way to the relay",
                                        "smtp.connections and smtp.window",
                                        "limits in the configuration",
                                        "this machine and its database"};
    return texts[held_back];
}

static const char PACE[] = "relay pace ";

enum nl_status nl_relay_pace_write(struct nl_store *store, const char *relay,
                                   const struct nl_relay_pace *pace, struct nl_error *err) {
    char text[128];
    snprintf(text, sizeof text, "%zu %zu %lld %d %lld", pace->connections, pace->window,
             (long long)pace->per_second, (int)pace->held_back, (long long)nl_store_now(store));
    return nl_setting_put(store, PACE, relay, text, err);
}

/* Takes nothing that is not as nl_relay_pace_write has written it. */
static enum nl_status read_pace(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    enum { CONNECTIONS, WINDOW, PER_SECOND, HELD_BACK, AT, FIELDS };
    struct nl_relay_pace *pace = context;
    const char *text = nl_sql_text(row, 0);
    long long fields[FIELDS] = {0};
    (void)err;
    for (int i = 0; i < FIELDS; i++) {
        char *end = NULL;
        fields[i] = strtoll(text, &end, 10);
        if (end == text || *end != (i + 1 < FIELDS ? ' ' : '\0') || fields[i] < 0)
            return NL_OK;
        text = end;
    }
    if (fields[CONNECTIONS] == 0 || fields[CONNECTIONS] > MOST || fields[WINDOW] == 0 ||
        fields[WINDOW] > MOST || fields[HELD_BACK] >= NL_HELD_BACK_KINDS)
        return NL_OK;
    *pace = (struct nl_relay_pace){.connections = (size_t)fields[CONNECTIONS],
                                   .window = (size_t)fields[WINDOW],
                                   .per_second = fields[PER_SECOND],
                                   .held_back = (enum nl_held_back)fields[HELD_BACK],
                                   .at = fields[AT]};
    return NL_OK;
}

enum nl_status nl_relay_pace_read(struct nl_store *store, const char *relay,
                                  struct nl_relay_pace *pace, struct nl_error *err) {
    *pace = (struct nl_relay_pace){0};
    enum nl_status status =
        nl_sql_each(store, err, read_pace, pace,
                    "SELECT value FROM setting WHERE key = CAST(?1 AS TEXT) || CAST(?2 AS TEXT)",
                    NL_VALUES(NL_STRING(PACE), NL_STRING(relay)));
    if (pace->at <= nl_store_now(store) - WEEK)
        *pace = (struct nl_relay_pace){0};
    return status;
}

/* When a note was written: the last number of each. */
static int64_t time_of(const char *value) {
    const char *space = strrchr(value, ' ');
    return strtoll(space != NULL ? space + 1 : value, NULL, 10);
}

enum nl_status nl_relay_notes_forget(struct nl_store *store, struct nl_error *err) {
    return nl_settings_forget(
        store,
        "SELECT key, value FROM setting WHERE key LIKE 'relay pace %' OR "
        "key LIKE 'relay without chunking %' OR key LIKE 'relay without pipelining %'",
        nl_store_now(store) - WEEK, time_of, err);
}
