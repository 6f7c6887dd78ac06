/* A record in memory of what a process has begun. It outlives the process, but not the machine or
 * its container: where it is missing, nothing is known. */
#ifndef NEWSLETTER_BASE_WITNESS_H
#define NEWSLETTER_BASE_WITNESS_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_witness;

/* Begins a record under a name that nobody can guess (a token's text). NULL where the machine has
 * no place for it. */
struct nl_witness *nl_witness_open(const char *name) NL_ALL_NONNULL;

/* Notes that something is about to begin. The last thousand are kept. */
void nl_witness_note(struct nl_witness *witness, int64_t id) NL_ALL_NONNULL;

/* Ends the use of a record, which may be NULL. `remove` takes it away. */
void nl_witness_close(struct nl_witness *witness, bool remove);

enum nl_testimony { NL_TESTIMONY_NONE, NL_TESTIMONY_BEGUN, NL_TESTIMONY_NOT_BEGUN };

/* Asks the record of another process of the same user; or takes it away. */
enum nl_testimony nl_witness_ask(const char *name, int64_t id) NL_ALL_NONNULL;
void nl_witness_remove(const char *name) NL_ALL_NONNULL;

#endif
