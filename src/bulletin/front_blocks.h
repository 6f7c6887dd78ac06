/* The front matter as blocks: a key with all the lines that belong to it, or a comment. */
#ifndef NL_BULLETIN_FRONT_BLOCKS_H
#define NL_BULLETIN_FRONT_BLOCKS_H

#include "newsletter/bulletin/front_fields.h"

/* Where the parts of a text begin. Without front matter `front` and `end` are `body`, which is the
 * whole text. */
struct nl_front_place {
    const char *front, *end, *body;
};
struct nl_front_place nl_front_find(const char *source);

/* The length of the block that begins at `at`. */
size_t nl_front_block(const char *at, const char *end);

size_t nl_front_count(const char *text, size_t len, char c);

/* Whether a field belongs to the contact, whose fields make one block. */
bool nl_front_is_contact(const char *path);

/* front_fields.c: takes a block into the fields, or into `other`. */
NL_CHECKED enum nl_status nl_front_take_block(struct nl_front_fields *fields, const char *text,
                                              size_t len, struct nl_error *err);

#endif
