#include "delivery/destination_note.h"

#include "newsletter/store/relay_note.h"

#include <string.h>

enum { WORTH = 50 }; /* accepted messages, after which more connections were found to be good */

/* A destination is noted under its first host and address. */
static void name(const struct nl_destination *destination, struct nl_buf *out) {
    nl_buf_adds(out, "direct ");
    nl_buf_add(out, destination->key, strcspn(destination->key, "\n"));
}

void nl_destination_recall(struct nl_destination *destination, struct nl_store *store,
                           int64_t now) {
    struct nl_relay_pace found = {0};
    struct nl_error ignored = {0};
    struct nl_buf key = {0};
    name(destination, &key);
    if (nl_relay_pace_read(store, nl_buf_text(&key), &found, &ignored) == NL_OK &&
        found.connections > 0)
        nl_destination_begin(destination, found.connections, found.held_back == NL_HELD_BACK_RELAY,
                             now);
    destination->holds_noted = destination->holds;
    destination->heard_at = found.at;
    nl_error_free(&ignored);
    nl_buf_free(&key);
}

static void hear_others(struct nl_destination *destination, struct nl_store *store, int64_t now) {
    struct nl_relay_pace found = {0};
    struct nl_error ignored = {0};
    struct nl_buf key = {0};
    name(destination, &key);
    if (nl_relay_pace_read(store, nl_buf_text(&key), &found, &ignored) == NL_OK &&
        found.held_back == NL_HELD_BACK_RELAY && found.at > destination->heard_at) {
        destination->heard_at = found.at;
        nl_destination_heard(destination, found.connections, now);
    }
    nl_error_free(&ignored);
    nl_buf_free(&key);
}

void nl_destination_share(struct nl_destination *destination, struct nl_store *store, int64_t now) {
    if (destination->holds == destination->holds_noted) {
        hear_others(destination, store, now);
        return;
    }
    nl_destination_keep(destination, store);
    destination->holds_noted = destination->holds;
    destination->heard_at = nl_store_now(store);
}

void nl_destination_keep(const struct nl_destination *destination, struct nl_store *store) {
    const struct nl_relay_pace found = {
        .connections = destination->limit,
        .window = 1,
        .held_back = destination->pushed_back ? NL_HELD_BACK_RELAY : NL_HELD_BACK_UNKNOWN};
    struct nl_error ignored = {0};
    struct nl_buf key = {0};
    if (!destination->pushed_back && destination->total < WORTH)
        return;
    name(destination, &key);
    nl_error_ignore(nl_relay_pace_write(store, nl_buf_text(&key), &found, &ignored));
    nl_error_free(&ignored);
    nl_buf_free(&key);
}
