/* The files of a draft in a private folder, for as long as it is composed. */
#ifndef NL_SERVICE_DRAFT_FOLDER_H
#define NL_SERVICE_DRAFT_FOLDER_H

#include "newsletter/base/buf.h"
#include "newsletter/service/office.h"

/* Zero-initialise; free with nl_draft_folder_free, which removes the folder. */
struct nl_draft_folder {
    struct nl_buf path;  /* of the folder, with a slash at its end; empty before it is made */
    struct nl_buf issue; /* of the file to compose */
    int fd;
};

/* Writes the texts as issue.LANGUAGE.md, and the files by their names. NL_DATA for a draft without
 * texts. */
NL_CHECKED enum nl_status nl_draft_folder_make(const struct nl_office *office, int64_t draft,
                                               struct nl_draft_folder *out,
                                               struct nl_error *err) NL_ALL_NONNULL;
void nl_draft_folder_free(struct nl_draft_folder *folder);

#endif
