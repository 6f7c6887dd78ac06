/* Is this bulletin ours? The answer for the command line and for the website. */
#ifndef NEWSLETTER_SERVICE_VERDICTS_H
#define NEWSLETTER_SERVICE_VERDICTS_H

#include "newsletter/bulletin/genuine.h"
#include "newsletter/service/office.h"

/* Compares a text with the issues that were signed. `open`: only with those that the public may
 * read. Nothing found is a verdict, too. Free *out with nl_genuine_free. Its facts have "named",
 * what an issue is whose reference number stands in the text, although the text is another; or
 * null. */
NL_CHECKED enum nl_status nl_office_genuine(const struct nl_office *office,
                                            const struct nl_asked *asked,
                                            const struct nl_key_ring *ring, bool open,
                                            struct nl_genuine *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Tells about the issue with this reference number, one object for each language: reference, list,
 * issue, language, title, date, signed_at. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_reference(const struct nl_office *office, const char *reference,
                                              const struct nl_key_ring *ring, bool open,
                                              json_t **out, struct nl_error *err) NL_ALL_NONNULL;

#endif
