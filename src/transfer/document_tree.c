#include "transfer/document_tree.h"

#include "newsletter/base/catalog.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

bool nl_tree_is(const xmlNode *node, const char *name) {
    return node != NULL && node->type == XML_ELEMENT_NODE &&
           strcmp((const char *)node->name, name) == 0;
}

xmlChar *nl_tree_attribute(const xmlNode *node, const char *name) {
    for (const xmlAttr *attribute = node != NULL ? node->properties : NULL; attribute != NULL;
         attribute = attribute->next)
        if (strcmp((const char *)attribute->name, name) == 0)
            return xmlNodeListGetString(node->doc, attribute->children, 1);
    return NULL;
}

xmlNode *nl_tree_child(const xmlNode *node, const char *name) {
    for (xmlNode *child = node != NULL ? node->children : NULL; child != NULL; child = child->next)
        if (nl_tree_is(child, name))
            return child;
    return NULL;
}

xmlNode *nl_tree_find(xmlNode *node, const char *name) {
    for (xmlNode *at = node; at != NULL;) {
        if (at != node && nl_tree_is(at, name))
            return at;
        if (at->children != NULL && at->type == XML_ELEMENT_NODE) {
            at = at->children;
            continue;
        }
        while (at != node && at->next == NULL)
            at = at->parent;
        at = at != node ? at->next : NULL;
    }
    return NULL;
}

int nl_tree_number(const xmlNode *node, const char *name, int otherwise) {
    xmlChar *value = nl_tree_attribute(node, name);
    int number = value != NULL ? (int)strtol((const char *)value, NULL, 10) : otherwise;
    free(value);
    return number;
}

/* A document type is not part of these formats, and entities that stand for each other fill memory:
 * a part that has one is refused before it is parsed. One in UTF-16 would hide it. */
xmlDoc *nl_tree_parse(const struct nl_buf *part, struct nl_error *err) {
    xmlDoc *document = NULL;
    bool plain = memchr(part->data, '\0', part->len) == NULL &&
                 memmem(part->data, part->len, "<!DOCTYPE", 9) == NULL;
    if (plain)
        document = xmlReadMemory(part->data, (int)part->len, NULL, "UTF-8",
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_NOCDATA);
    if (document == NULL || document->intSubset != NULL || xmlDocGetRootElement(document) == NULL) {
        (void)nl_error_set(err, NL_DATA, NL_TEXT("the document is broken"));
        xmlFreeDoc(document);
        return NULL;
    }
    return document;
}
