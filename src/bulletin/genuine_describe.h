/* Facts about the issue of a signed note, for genuine_compare.c. */
#ifndef NL_BULLETIN_GENUINE_DESCRIBE_H
#define NL_BULLETIN_GENUINE_DESCRIBE_H

#include "bulletin/genuine_note.h"
#include "newsletter/bulletin/genuine.h"

/* Reads a signed note. NL_DATA where the signature matches none of the keys. Free *out with
 * nl_note_of_issue_free. */
NL_CHECKED enum nl_status nl_genuine_open(const char *note, const struct nl_key_ring *ring,
                                          struct nl_note_of_issue *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* The members of nl_genuine_describe. */
json_t *nl_genuine_facts(const struct nl_note_of_issue *note) NL_ALL_NONNULL;

#endif
