/* The meaning of the styles and lists of a Word document. */
#ifndef NL_TRANSFER_DOCX_STYLE_H
#define NL_TRANSFER_DOCX_STYLE_H

#include "transfer/document_tree.h"

/* A style of paragraphs or of characters. */
struct nl_docx_style {
    int heading;     /* 0: none */
    int list, level; /* the number of its list, 0: none; the level from 0 */
    unsigned look;
};

/* The other parts of a document. Members may be NULL. */
struct nl_docx {
    struct nl_parts *parts;
    xmlDoc *styles, *numbering, *links;
};

/* By the identifier of a style; nothing for one that is not there. */
struct nl_docx_style nl_docx_style(const struct nl_docx *docx, const char *id);

/* Whether a list counts at a level. */
bool nl_docx_is_numbered(const struct nl_docx *docx, int list, int level);

/* The target of a link or picture, by its identifier; the caller frees it. *outside:
 * it is an address. */
xmlChar *nl_docx_target(const struct nl_docx *docx, const char *id, bool *outside);

/* The look that properties of a run add to `look`. *hidden: it is not shown. */
unsigned nl_docx_look(const xmlNode *properties, unsigned look, bool *hidden);

#endif
