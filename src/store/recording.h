/* Storing the recordings of an issue. */
#ifndef NL_STORE_RECORDING_H
#define NL_STORE_RECORDING_H

#include "newsletter/db/handle.h"
#include "newsletter/store/recording.h"

/* Adds those of one edition; `language` NULL for the issue's own. */
enum nl_status nl_recordings_add(struct nl_store *store, int64_t issue, const char *language,
                                 const struct nl_recording *files, size_t count,
                                 struct nl_error *err);

#endif
