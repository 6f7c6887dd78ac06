/* Parsed documents, for their readers. */
#ifndef NL_TRANSFER_DOCUMENT_TREE_H
#define NL_TRANSFER_DOCUMENT_TREE_H

#include "transfer/markdown_writer.h"

#include <libxml/tree.h>

/* ---- elements; names are without their prefix ---- */

bool nl_tree_is(const xmlNode *node, const char *name);
/* The value of an attribute; the caller frees it. NULL without one. */
xmlChar *nl_tree_attribute(const xmlNode *node, const char *name);
/* The first child, or descendant, of a name. NULL without one, or for a NULL node. */
xmlNode *nl_tree_child(const xmlNode *node, const char *name);
xmlNode *nl_tree_find(xmlNode *node, const char *name);
/* An attribute as a number; `otherwise` without one. */
int nl_tree_number(const xmlNode *node, const char *name, int otherwise);

/* Parses a part of a zipped document: no entities, no document type, UTF-8 only. NULL is an error,
 * which is in `err`. The caller frees it with xmlFreeDoc. */
xmlDoc *nl_tree_parse(const struct nl_buf *part, struct nl_error *err);

/* ---- parts of a zipped document ---- */

enum { NL_PARTS_MOST = 400 };

struct nl_part {
    char *name;
    struct nl_buf data;
};

/* Zero-initialise; free with nl_parts_free. */
struct nl_parts {
    struct nl_part items[NL_PARTS_MOST];
    size_t count;
};
void nl_parts_free(struct nl_parts *parts);

/* Unpacks the texts and pictures of an archive. NL_DATA past bounds. */
NL_CHECKED enum nl_status nl_parts_read(const char *data, size_t len, struct nl_parts *out,
                                        struct nl_error *err);

/* NULL where there is none of that name. */
struct nl_buf *nl_parts_find(struct nl_parts *parts, const char *name);

/* ---- the readers: one file each ---- */

NL_CHECKED enum nl_status nl_document_html(const char *data, size_t len, struct nl_scribe *writer,
                                           struct nl_error *err);
NL_CHECKED enum nl_status nl_document_docx(struct nl_parts *parts, struct nl_scribe *writer,
                                           struct nl_error *err);
NL_CHECKED enum nl_status nl_document_odt(struct nl_parts *parts, struct nl_scribe *writer,
                                          struct nl_error *err);

#endif
