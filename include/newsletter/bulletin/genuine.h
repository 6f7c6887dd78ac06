/* Is this bulletin ours? Compares a text or a mail with what was signed. */
#ifndef NEWSLETTER_BULLETIN_GENUINE_H
#define NEWSLETTER_BULLETIN_GENUINE_H

#include "newsletter/base/key_ring.h"
#include "newsletter/bulletin/bulletin.h"

#include <jansson.h>

enum nl_verdict {
    NL_VERDICT_UNKNOWN, /* not known to us */
    NL_VERDICT_CHANGED, /* ours, but changed */
    NL_VERDICT_OURS,    /* ours, unchanged */
};

/* The words for programs: "unknown", "changed", "unchanged". */
extern const char *const nl_verdict_names[];

enum { NL_REFERENCE_LEN = 9 };

/* The reference number of an issue, such as "7K3F-9Q2M": the same for the same list and slug. */
void nl_reference(const char *list_id, const char *slug,
                  char out[NL_REFERENCE_LEN + 1]) NL_ALL_NONNULL;

/* Reads one as people type it, with any letters for those that look alike. False for any other
 * text. */
bool nl_reference_parse(const char *text, char out[NL_REFERENCE_LEN + 1]) NL_ALL_NONNULL;

/* Appends the address of the page where a reader asks about an issue; nothing without a website. */
void nl_reference_url(const struct nl_config *config, const char *reference,
                      struct nl_buf *out) NL_ALL_NONNULL;

/* Signs each edition of an issue: sets the members `note`. Nothing where the configuration names no
 * key. */
NL_CHECKED enum nl_status nl_bulletin_sign(struct nl_bulletin *bulletin, const struct nl_list *list,
                                           const struct nl_config *config, int64_t now,
                                           struct nl_error *err) NL_NONNULL(1, 2, 3);

/* A text or a mail that somebody asks about. Free with nl_asked_free. */
struct nl_asked;
NL_CHECKED enum nl_status nl_asked_read(const char *data, size_t len, struct nl_asked **out,
                                        struct nl_error *err) NL_NONNULL(1, 3);
void nl_asked_free(struct nl_asked *asked);

/* Calls `each` for the reference numbers that stand in it. */
NL_CHECKED enum nl_status
nl_asked_references(const struct nl_asked *asked,
                    enum nl_status (*each)(const char *reference, void *ctx, struct nl_error *err),
                    void *ctx, struct nl_error *err) NL_NONNULL(1, 2);

/* The hashes of its runs of words, by which issues are found: the caller frees *out. For a note,
 * those of its paragraphs. */
void nl_asked_passages(const struct nl_asked *asked, int64_t **out, size_t *count) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_note_passages(const char *note, int64_t **out, size_t *count,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* The result of a comparison. Free with nl_genuine_free. */
struct nl_genuine {
    enum nl_verdict verdict;
    size_t matched; /* words of the text that are there */
    json_t *facts;  /* for --json and for pages; see docs/genuine.md */
};

/* Compares with a signed note, whose signature must hold by a key of `ring`: NL_DATA if it does
 * not. */
NL_CHECKED enum nl_status nl_genuine_compare(const struct nl_asked *asked, const char *note,
                                             const struct nl_key_ring *ring, struct nl_genuine *out,
                                             struct nl_error *err) NL_ALL_NONNULL;
void nl_genuine_free(struct nl_genuine *genuine);

/* Reads from a signed note about its issue: reference, office, list, issue, language, title, date
 * and signed_at. NL_DATA where its signature does not hold. The caller frees *out. */
NL_CHECKED enum nl_status nl_genuine_describe(const char *note, const struct nl_key_ring *ring,
                                              json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* Whether a text is a signed note itself. */
bool nl_genuine_is_note(const char *text) NL_ALL_NONNULL;

#endif
