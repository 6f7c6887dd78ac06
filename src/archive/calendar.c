#include "newsletter/archive/archive.h"
#include "newsletter/base/memory.h"

#include "archive/page_builder.h"
#include "newsletter/base/env.h"
#include "newsletter/bulletin/events.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void current_day(char out[16]) {
    time_t now = (time_t)nl_env_now(&nl_env_system);
    struct tm tm = {0};
    if (gmtime_r(&now, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}

/* Keeps events that have not ended and that no other issue has announced. */
static void drop_past_events(struct nl_events *events, size_t from, const char *day) {
    size_t kept = from;
    for (size_t i = from; i < events->count; i++) {
        struct nl_event *event = &events->items[i];
        const char *last = event->until != NULL ? event->until : event->date;
        bool again = false;
        for (size_t k = 0; k < kept && !again; k++)
            again = strcmp(events->items[k].title, event->title) == 0 &&
                    strcmp(events->items[k].date, event->date) == 0;
        if (strcmp(last, day) >= 0 && !again) {
            struct nl_event moved = *event;
            *event = events->items[kept];
            events->items[kept++] = moved;
        }
    }
    struct nl_events rest = {.count = events->count - kept};
    rest.items = nl_calloc(rest.count + 1, sizeof *rest.items);
    /* rather show them than lose them */
    memcpy(rest.items, events->items + kept, rest.count * sizeof *rest.items);
    events->count = kept;
    nl_events_free(&rest);
}

struct gathering {
    const struct nl_archive *archive;
    struct nl_events *events;
    char day[16];
    struct nl_buf *out;
};

static enum nl_status gather_upcoming(const struct nl_entry *entry, void *ctx,
                                      struct nl_error *err) {
    struct gathering *gathering = ctx;
    char *timezone = NULL;
    size_t before = gathering->events->count;
    enum nl_status status = nl_events_read(entry->events, gathering->events, &timezone, err);
    free(timezone);
    if (status == NL_OK)
        drop_past_events(gathering->events, before, gathering->day);
    return status;
}

enum nl_status nl_archive_upcoming(const struct nl_archive *archive, struct nl_events *out,
                                   struct nl_error *err) {
    const struct nl_filter filter = {.with_events = true, .limit = 200};
    struct gathering gathering = {.archive = archive, .events = out};
    *out = (struct nl_events){0};
    current_day(gathering.day);
    enum nl_status status = nl_archive_each(archive->store, archive->list->id, &filter,
                                            gather_upcoming, &gathering, err);
    if (status == NL_OK)
        nl_events_sort(out);
    if (status != NL_OK)
        nl_events_free(out);
    return status;
}

/* Copies the VEVENTs of one issue's calendar. */
static enum nl_status add_vevents(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct gathering *gathering = ctx;
    struct nl_events events = {0};
    struct nl_buf uid = {0};
    struct nl_buf text = {0};
    char *timezone = NULL;
    enum nl_status status = nl_events_read(entry->events, &events, &timezone, err);
    nl_buf_addf(&uid, "%s@%s", entry->slug, gathering->archive->list->list_id);
    if (status == NL_OK)
        status = nl_events_ics(&events, timezone, nl_buf_text(&uid), entry->date,
                               gathering->archive->list->title, &text, err);
    const char *first = strstr(nl_buf_text(&text), "BEGIN:VEVENT");
    const char *end = strstr(nl_buf_text(&text), "END:VCALENDAR");
    if (status == NL_OK && first != NULL && end != NULL)
        nl_buf_add(gathering->out, first, (size_t)(end - first));
    free(timezone);
    nl_events_free(&events);
    nl_buf_free(&uid);
    nl_buf_free(&text);
    return status;
}

enum nl_status nl_archive_ics(const struct nl_archive *archive, struct nl_buf *out,
                              struct nl_error *err) {
    const struct nl_filter filter = {.with_events = true, .limit = 200};
    struct gathering gathering = {.archive = archive, .out = out};
    enum nl_status status = nl_calendar_feed_begin(archive->list->title, out, err);
    if (status == NL_OK)
        status = nl_archive_each(archive->store, archive->list->id, &filter, add_vevents,
                                 &gathering, err);
    nl_buf_adds(out, "END:VCALENDAR\r\n");
    return status;
}

enum nl_status nl_issue_ics(const struct nl_archive *archive, const struct nl_edition_view *edition,
                            bool *found, struct nl_buf *out, struct nl_error *err) {
    struct nl_buf uid = {0};
    *found = edition->front.events.count > 0;
    if (!*found)
        return NL_OK;
    nl_buf_addf(&uid, "%s@%s", edition->entry.slug, archive->list->list_id);
    enum nl_status status =
        nl_events_ics(&edition->front.events, edition->front.timezone, nl_buf_text(&uid),
                      edition->entry.date, archive->list->title, out, err);
    nl_buf_free(&uid);
    return status;
}
