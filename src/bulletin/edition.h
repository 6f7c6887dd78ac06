/* One issue file composed in one language. */
#ifndef NL_BULLETIN_EDITION_H
#define NL_BULLETIN_EDITION_H

#include "newsletter/bulletin/bulletin.h"
#include "newsletter/bulletin/frontmatter.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"

/* Free with nl_composed_free. */
struct nl_composed {
    struct nl_frontmatter front; /* with its language */
    char *source;
    char *digest; /* SHA-256 of the source and its files, hexadecimal */
    struct nl_buf message;
    struct nl_buf alternative; /* the same with the other subject; empty where there is none */
    struct nl_buf body;        /* HTML without a layout or styles, images within; packed */
    struct nl_recording *recordings; /* of its front matter */
    size_t recording_count;
    struct nl_view view;
};

/* Reads an issue file, with LF line ends and without a byte order mark. The caller frees *source.
 */
enum nl_status nl_edition_read(const char *path, char **source, struct nl_error *err);

/* Reads and composes `path`. `language` is what the file's name says, or NULL. `slug` names the
 * issue; NULL where this file does. */
enum nl_status nl_edition_compose(const char *path, const char *language, const char *slug,
                                  const struct nl_list *list, const struct nl_config *config,
                                  struct nl_composed *out, struct nl_error *err);

void nl_composed_free(struct nl_composed *composed);
void nl_view_free(struct nl_view *view);

#endif
