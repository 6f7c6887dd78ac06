/* The files that go along with an issue: images in the text and attachments. */
#ifndef NL_BULLETIN_ENCLOSURE_H
#define NL_BULLETIN_ENCLOSURE_H

#include "bulletin/markdown.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One file. */
struct nl_enclosure {
    char *name;       /* base name, for the reader's disk */
    const char *type; /* media type, a constant */
    char *content_id; /* of an image in the text, without angle brackets; NULL for an attachment */
    struct nl_buf data; /* the file */
    bool made;          /* by us, or part of the look: no file of the issue */
};

struct nl_enclosures {
    struct nl_enclosure *items;
    size_t count;
    size_t size; /* of all, in bytes */
};

/* Reads the attachment `path`, relative to the folder of the issue at `issue_path`. Refuses paths
 * that lead out of that folder, programs, empty files and more than 10 MiB in all. */
enum nl_status nl_enclosures_attach(struct nl_enclosures *enclosures, const char *issue_path,
                                    const char *path, struct nl_error *err);

/* The media type of a file by its name, a constant. NL_DATA for programs, which mail servers
 * refuse.
 */
enum nl_status nl_enclosures_type(const char *name, const char **type, struct nl_error *err);

/* Adds an attachment that the program has made. Takes the content of `data`; `type` is a constant.
 */
void nl_enclosures_add(struct nl_enclosures *enclosures, const char *name, const char *type,
                       struct nl_buf *data);

/* Adds a picture that the HTML shows, and appends its address, "cid:...". Takes the content of
 * `data`; `type` is a constant. */
void nl_enclosures_picture(struct nl_enclosures *enclosures, const char *name, const char *type,
                           struct nl_buf *data, struct nl_buf *address);

/* Reads each image that the document names by a path, and replaces the path by the Content-ID of
 * its part (RFC 2392) or, where `base` is not NULL, by a URL below `base`, without enclosing the
 * file. Takes PNG, JPEG and GIF, which every mail program shows. Encloses the same file once. */
enum nl_status nl_enclosures_images(struct nl_enclosures *enclosures, const char *issue_path,
                                    const char *base, struct nl_md_node *document,
                                    struct nl_error *err);

/* Whether any of them is an image in the text, or an attachment. */
bool nl_enclosures_have(const struct nl_enclosures *enclosures, bool inline_image);

/* The name of the first file of the issue that says where it was taken; NULL for none. The caller
 * frees it. */
char *nl_enclosures_placed(const struct nl_enclosures *enclosures);

/* Replaces "cid:" addresses by data: URLs, for a page that stands alone. */
void nl_enclosures_embed(const struct nl_enclosures *enclosures, const char *html,
                         struct nl_buf *out);

/* Appends a line for each file, as it is signed: "file: SHA-256 SIZE NAME". */
void nl_enclosures_list(const struct nl_enclosures *enclosures, struct nl_buf *out);

/* Extends the digest by the issue's own files, so that a changed picture under the same name is
 * noticed. */
void nl_enclosures_add_to_digest(const struct nl_enclosures *enclosures, char **digest);

void nl_enclosures_free(struct nl_enclosures *enclosures);

#endif
