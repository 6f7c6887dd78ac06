/* Raw HTML of an issue on the website. Mail programs take out what acts; browsers do not. A parser
 * reads it, and only elements, attributes and addresses that are known to be harmless are written
 * again, so that nothing depends on how a browser reads what is broken. */
#include "archive/clean_html.h"
#include "newsletter/base/memory.h"

#include <libxml/HTMLparser.h>
#include <libxml/HTMLtree.h>
#include <string.h>
#include <strings.h>

/* Their contents stay; those of elements in `gone` do not. What stands in neither is unwrapped. */
static const char elements[] =
    " a abbr address article aside audio b bdi bdo blockquote br caption center cite code col "
    "colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 "
    "header hr i img ins kbd li main mark ol p picture pre q rp rt ruby s samp section small "
    "source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var "
    "wbr ";
static const char gone[] =
    " applet base basefont button datalist embed frame frameset head iframe input link math meta "
    "noembed noframes noscript object option param script select style svg template textarea "
    "title video ";
static const char attributes[] =
    " abbr align alt aria-describedby aria-hidden aria-label aria-labelledby axis bgcolor border "
    "cellpadding cellspacing cite class color colspan controls datetime dir download face headers "
    "height href hreflang id itemprop lang loading name open preload reversed role rowspan scope "
    "size span src srcset start style summary title type valign value width ";
static const char addresses[] = " cite href src ";

static bool stands_in(const char *list, const xmlChar *name) {
    size_t len = strlen((const char *)name);
    const char *at = len > 0 && strpbrk((const char *)name, " ") == NULL ? list : NULL;
    while (at != NULL && (at = strcasestr(at, (const char *)name)) != NULL) {
        if (at[-1] == ' ' && at[len] == ' ')
            return true;
        at++;
    }
    return false;
}

/* A browser leaves white space and control characters out of a scheme. */
static bool is_harmless(const char *address) {
    static const char *const schemes[] = {
        "http:", "https:", "mailto:", "tel:", "webcal:", "cid:", "data:image/"};
    char scheme[16] = "";
    size_t len = 0;
    for (const char *p = address; *p != '\0' && len + 1 < sizeof scheme; p++)
        if ((unsigned char)*p > ' ')
            scheme[len++] = *p;
    const char *colon = strchr(scheme, ':');
    if (colon == NULL || strcspn(scheme, "/?#") < (size_t)(colon - scheme))
        return len + 1 < sizeof scheme || strpbrk(scheme, "/?#") != NULL ||
               strchr(address, ':') == NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncasecmp(scheme, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

static void clean_attributes(xmlNode *node) {
    for (xmlAttr *attribute = node->properties, *next = NULL; attribute != NULL; attribute = next) {
        next = attribute->next;
        const xmlChar *value = attribute->children != NULL ? attribute->children->content : NULL;
        bool kept = stands_in(attributes, attribute->name) &&
                    (!stands_in(addresses, attribute->name) || value == NULL ||
                     is_harmless((const char *)value));
        if (!kept)
            xmlRemoveProp(attribute);
    }
}

/* Puts the children of a node in its place. */
static void unwrap(xmlNode *node) {
    for (xmlNode *child = node->children, *next = NULL; child != NULL; child = next) {
        next = child->next;
        xmlUnlinkNode(child);
        xmlAddPrevSibling(node, child);
    }
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

static void drop(xmlNode *node) {
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* The parser bounds the depth. */
static void clean_children(xmlNode *parent) {
    for (xmlNode *node = parent->children, *next = NULL; node != NULL; node = next) {
        next = node->next;
        if (node->type == XML_TEXT_NODE || node->type == XML_ENTITY_REF_NODE)
            continue;
        if (node->type != XML_ELEMENT_NODE || stands_in(gone, node->name)) {
            drop(node);
        } else {
            clean_children(node);
            clean_attributes(node);
            if (!stands_in(elements, node->name))
                unwrap(node);
        }
    }
}

static xmlNode *body_of(xmlDoc *doc) {
    xmlNode *root = xmlDocGetRootElement(doc);
    for (xmlNode *node = root != NULL ? root->children : NULL; node != NULL; node = node->next)
        if (node->type == XML_ELEMENT_NODE && xmlStrcasecmp(node->name, BAD_CAST "body") == 0)
            return node;
    return NULL;
}

/* Where the tags of a page as a whole stand within it, the parser would end there. */
static void add_without_page_tags(const char *html, struct nl_buf *out) {
    static const char *const names[] = {"html", "body", "head"};
    for (const char *at = NULL; (at = strchr(html, '<')) != NULL; html = at) {
        at += 1 + (at[1] == '/');
        nl_buf_add(out, html, (size_t)(at - html));
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strncasecmp(at, names[i], strlen(names[i])) == 0)
                nl_buf_adds(out, "no-");
    }
    nl_buf_adds(out, html);
}

void nl_html_clean(const char *html, struct nl_buf *out) {
    /* Before all else stands an element, so that text is not moved into a paragraph. */
    struct nl_buf whole = {0};
    nl_buf_adds(&whole, "<html><body><div>");
    add_without_page_tags(html, &whole);
    nl_buf_adds(&whole, "</div></body></html>");
    xmlDoc *doc = htmlReadMemory(whole.data, (int)whole.len, NULL, "UTF-8",
                                 HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                     HTML_PARSE_NONET | HTML_PARSE_NODEFDTD | HTML_PARSE_COMPACT);
    xmlNode *body = doc != NULL ? body_of(doc) : NULL;
    xmlBuffer *text = xmlBufferCreate();
    if (text == NULL)
        nl_memory_end();
    if (body != NULL) {
        clean_children(body);
        if (body->children != NULL)
            unwrap(body->children);
        for (xmlNode *node = body->children; node != NULL; node = node->next)
            htmlNodeDump(text, doc, node);
        nl_buf_add(out, xmlBufferContent(text), (size_t)xmlBufferLength(text));
    }
    xmlBufferFree(text);
    xmlFreeDoc(doc);
    nl_buf_free(&whole);
}
