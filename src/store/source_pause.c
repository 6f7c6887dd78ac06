#include "newsletter/store/source_pause.h"
#include "newsletter/base/memory.h"

#include "newsletter/db/sql.h"
#include "store/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The key is "source pause ADDRESS PLACE", and the value "UNTIL TIMES REASON"; or "source works
 * ADDRESS", with a time. */

enum { WEEK = 7 * 86400 };

static const char KEY[] = "source pause ";
static const char WORKS[] = "source works ";

enum nl_status nl_source_pause_write(struct nl_store *store, const struct nl_source_pause *pause,
                                     struct nl_error *err) {
    struct nl_buf name = {0};
    struct nl_buf value = {0};
    nl_buf_addf(&name, "%s %s", pause->address, pause->place);
    nl_buf_addf(&value, "%lld %lld %s", (long long)pause->until, (long long)pause->times,
                pause->reason);
    enum nl_status status = nl_setting_put(store, KEY, name.data, value.data, err);
    nl_buf_free(&name);
    nl_buf_free(&value);
    return status;
}

enum nl_status nl_source_pause_drop(struct nl_store *store, const char *address, const char *place,
                                    struct nl_error *err) {
    struct nl_buf name = {0};
    nl_buf_addf(&name, "%s %s", address, place);
    enum nl_status status = nl_setting_drop(store, KEY, name.data, err);
    nl_buf_free(&name);
    return status;
}

enum nl_status nl_source_works_write(struct nl_store *store, const char *address,
                                     struct nl_error *err) {
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)nl_store_now(store));
    return nl_setting_put(store, WORKS, address, now, err);
}

struct reading {
    struct nl_source_pause *items;
    size_t count;
};

/* Takes nothing that is not as nl_source_pause_write has written it. */
static enum nl_status read_pause(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    struct reading *reading = context;
    struct nl_source_pause *pause = &reading->items[reading->count];
    const char *value = nl_sql_text(row, 1);
    char *end = NULL;
    (void)err;
    *pause = (struct nl_source_pause){0};
    if (sscanf(nl_sql_text(row, 0) + strlen(KEY), "%47s %253s", pause->address, pause->place) != 2)
        return NL_OK;
    pause->until = strtoll(value, &end, 10);
    pause->times = strtoll(end, &end, 10);
    if (*end != ' ')
        return NL_OK;
    snprintf(pause->reason, sizeof pause->reason, "%s", end + 1);
    reading->count++;
    return NL_OK;
}

static enum nl_status read_works(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct reading *reading = context;
    const char *address = nl_sql_text(row, 0) + strlen(WORKS);
    (void)err;
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->items[i].address, address) == 0)
            reading->items[i].worked_at = strtoll(nl_sql_text(row, 1), NULL, 10);
    return NL_OK;
}

enum nl_status nl_source_pause_read(struct nl_store *store, struct nl_source_pause **out,
                                    size_t *count, struct nl_error *err) {
    struct reading reading = {.items = nl_calloc(NL_SOURCE_PAUSES, sizeof **out)};
    *out = NULL;
    *count = 0;
    enum nl_status status =
        nl_sql_each(store, err, read_pause, &reading,
                    "SELECT key, value FROM setting WHERE key LIKE 'source pause %' "
                    "ORDER BY key LIMIT ?",
                    NL_VALUES(NL_INT(NL_SOURCE_PAUSES)));
    if (status == NL_OK && reading.count > 0)
        status = nl_sql_each(store, err, read_works, &reading,
                             "SELECT key, value FROM setting WHERE key LIKE 'source works %'",
                             NL_NO_VALUES);
    if (status != NL_OK) {
        free(reading.items);
        return status;
    }
    *out = reading.items;
    *count = reading.count;
    return NL_OK;
}

enum nl_status nl_source_pause_forget(struct nl_store *store, struct nl_error *err) {
    struct nl_source_pause *pauses = NULL;
    size_t count = 0;
    enum nl_status status = nl_source_pause_read(store, &pauses, &count, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        if (pauses[i].until <= nl_store_now(store) - WEEK)
            status = nl_source_pause_drop(store, pauses[i].address, pauses[i].place, err);
    free(pauses);
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "DELETE FROM setting WHERE key LIKE 'source works %' AND "
                            "CAST(value AS BIGINT) <= ?",
                            NL_VALUES(NL_INT(nl_store_now(store) - NL_SOURCE_WORKS)));
    return status;
}

bool nl_source_is_paused(const struct nl_source_pause *pauses, size_t count, const char *address,
                         const char *place, int64_t now, int64_t *until) {
    size_t places = 0;
    int64_t latest = 0;
    bool here = false;
    bool works = false;
    *until = 0;
    for (size_t i = 0; i < count; i++) {
        if (pauses[i].until <= now || strcmp(pauses[i].address, address) != 0)
            continue;
        places++;
        works = works || (pauses[i].worked_at != 0 && pauses[i].worked_at > now - NL_SOURCE_WORKS);
        latest = pauses[i].until > latest ? pauses[i].until : latest;
        if (strcmp(pauses[i].place, place) != 0)
            continue;
        here = true;
        *until = pauses[i].until;
    }
    if (places < NL_PAUSES_EVERYWHERE || works)
        return here;
    *until = latest;
    return true;
}
