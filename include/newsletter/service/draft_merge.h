/* Two people have changed a text at the same time. */
#ifndef NEWSLETTER_SERVICE_DRAFT_MERGE_H
#define NEWSLETTER_SERVICE_DRAFT_MERGE_H

#include "newsletter/service/drafts.h"

/* Whose paragraph is taken where both have changed the same one. */
enum nl_merge_choice { NL_MERGE_ASK, NL_MERGE_MINE, NL_MERGE_THEIRS };

/* Merges two texts that were both made from `base`, paragraph by paragraph, and the front matter
 * line by line (as diff3 does for files): appends to `out` what both have changed. With
 * NL_MERGE_ASK *conflicts becomes an array of objects with "mine" and "theirs", one for each place
 * where they have changed the same thing differently; it is empty where all could be merged. The
 * caller frees it. */
void nl_draft_merge(const char *base, const char *mine, const char *theirs,
                    enum nl_merge_choice choice, struct nl_buf *out,
                    json_t **conflicts) NL_ALL_NONNULL;

/* The result of saving. Free `conflicts`. */
struct nl_draft_saved {
    bool stale;        /* nothing was saved: both have changed the same paragraph */
    bool merged;       /* what somebody else has changed is in the text, too */
    json_t *conflicts; /* as above; NULL: `base` was not the text of that revision */
};

/* Saves as nl_office_draft_save does, and merges where somebody else has saved meanwhile. `base` is
 * the text that the writer began with, of the revision text->expected. */
NL_CHECKED enum nl_status nl_office_draft_save_merged(const struct nl_office *office, int64_t id,
                                                      const struct nl_draft_text *text,
                                                      const char *base, enum nl_merge_choice choice,
                                                      struct nl_draft_saved *out,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* The revision of a text, as it would be after saving it. NL_DATA for what is not text. */
NL_CHECKED enum nl_status nl_draft_revision(const char *source, struct nl_revision *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
