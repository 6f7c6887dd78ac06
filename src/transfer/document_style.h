/* How elements of HTML look, by their names, classes and styles. */
#ifndef NL_TRANSFER_DOCUMENT_STYLE_H
#define NL_TRANSFER_DOCUMENT_STYLE_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

struct nl_style {
    unsigned look; /* NL_RUN_... */
    size_t link;
    int list_level; /* of a paragraph that Word means as an item; 0: none */
    bool numbered;
    int heading;        /* of a paragraph that Word means as one */
    int raised;         /* of this element alone: 1 above the line, -1 below it */
    bool quoted;        /* of this element alone: a paragraph that Word means as a quotation */
    bool notes;         /* of the part of a page that has its notes */
    bool plain_heading; /* what stands in it is bold already */
};

enum nl_visibility { NL_SHOWN, NL_HIDDEN, NL_REMARK, NL_SIGN };

/* Changes `style` to that of an element. */
enum nl_visibility nl_style_read(const xmlNode *node, struct nl_style *style);

/* Whether any text or picture stands in an element. */
bool nl_style_has_text(const xmlNode *node);

#endif
