/* Notes about a relay ("host:port"), for all processes and for a week: whether it keeps
 * what it offers, and how much it takes. */
#ifndef NEWSLETTER_STORE_RELAY_NOTE_H
#define NEWSLETTER_STORE_RELAY_NOTE_H

#include "newsletter/db/handle.h"

/* Notes that a relay does not keep what it offers. It is a kind of its own for each: CHUNKING with
 * PIPELINING, or PIPELINING alone. */
enum nl_relay_fault { NL_RELAY_NO_CHUNKING, NL_RELAY_NO_PIPELINING };
NL_CHECKED enum nl_status nl_relay_note_broken(struct nl_store *store, const char *relay,
                                               enum nl_relay_fault fault,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Whether that was noted within the last week. Servers get better, so it is tried again then. */
NL_CHECKED enum nl_status nl_relay_note_read(struct nl_store *store, const char *relay,
                                             enum nl_relay_fault fault, bool *broken,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The reason why messages do not go out faster. */
enum nl_held_back {
    NL_HELD_BACK_UNKNOWN, /* it is being found out */
    NL_HELD_BACK_RELAY,
    NL_HELD_BACK_NETWORK,
    NL_HELD_BACK_LIMIT, /* smtp.connections and smtp.window */
    NL_HELD_BACK_RATE,  /* limits of messages per second, or of connections to a domain */
    NL_HELD_BACK_MACHINE,
    NL_HELD_BACK_KINDS,
};

/* One word for programs: "relay"; and some for people: "the relay". */
const char *nl_held_back_word(enum nl_held_back held_back);
const char *nl_held_back_text(enum nl_held_back held_back);

/* How a relay is best sent to. */
struct nl_relay_pace {
    size_t connections, window; /* 0: nothing is known */
    int64_t per_second;
    enum nl_held_back held_back;
    int64_t at; /* when this was found */
};
NL_CHECKED enum nl_status nl_relay_pace_write(struct nl_store *store, const char *relay,
                                              const struct nl_relay_pace *pace,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Reads what was found within the last week; *pace is zeroed if nothing was. */
NL_CHECKED enum nl_status nl_relay_pace_read(struct nl_store *store, const char *relay,
                                             struct nl_relay_pace *pace,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Removes what is older than a week: each mail host of recipients leaves a note, under a name that
 * its domain may change with each answer. */
NL_CHECKED enum nl_status nl_relay_notes_forget(struct nl_store *store,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
