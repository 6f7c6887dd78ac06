/* The words of the text part: what formats, links and pictures become. */
#include "bulletin/plain.h"

#include <string.h>
#include <strings.h>

/* The text of a link, then its number, unless the text is the address itself. */
static void write_link(struct nl_plain_writer *writer, const struct nl_md_node *node,
                       struct nl_buf *out) {
    size_t start = out->len;
    nl_plain_inlines(writer, node, out);
    const char *shown = nl_buf_text(out) + start;
    const char *url = node->text;
    if (strcmp(shown, url) == 0) {
        out->len = start;
        nl_url_add(out, url);
        return;
    }
    const char *rest = strstr(url, "://");
    if ((strncmp(url, "mailto:", 7) == 0 && strcmp(shown, url + 7) == 0) ||
        (strncmp(url, "http", 4) == 0 && rest != NULL && strcmp(shown, rest + 3) == 0))
        return;
    writer->link_count++;
    nl_buf_addf(out, " [%zu]", writer->link_count);
    nl_buf_addf(&writer->links, "[%zu] ", writer->link_count);
    nl_url_add(&writer->links, url);
    nl_buf_addc(&writer->links, '\n');
}

static void write_between(struct nl_plain_writer *writer, const struct nl_md_node *node,
                          const char *mark, struct nl_buf *out) {
    nl_buf_adds(out, mark);
    nl_plain_inlines(writer, node, out);
    nl_buf_adds(out, mark);
}

/* The mark for a raw tag whose format carries meaning; "" for others. */
static const char *mark_of_tag(const char *tag) {
    static const struct {
        const char *name, *mark;
    } marks[] = {{"del", "~~"}, {"s", "~~"}, {"strike", "~~"}, {"b", "*"},   {"strong", "*"},
                 {"i", "_"},    {"em", "_"}, {"br", "\n"},     {"sup", "^"}, {"sub", "_"}};
    tag += tag[1] == '/' ? 2 : 1;
    size_t len = strcspn(tag, " />\t\n");
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strlen(marks[i].name) == len && strncasecmp(marks[i].name, tag, len) == 0)
            return marks[i].mark;
    return "";
}

void nl_plain_small_number(struct nl_buf *out, int number) {
    static const char *const digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    if (number > 9)
        nl_plain_small_number(out, number / 10);
    nl_buf_adds(out, digits[number % 10]);
}

void nl_plain_inlines(struct nl_plain_writer *writer, const struct nl_md_node *node,
                      struct nl_buf *out) {
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next) {
        switch (child->type) {
        case NL_MD_CONDITION:
        case NL_MD_TEXT:
            nl_buf_adds(out, child->text);
            break;
        case NL_MD_SOFT_BREAK:
            nl_buf_addc(out, ' ');
            break;
        case NL_MD_HARD_BREAK:
            nl_buf_addc(out, '\n');
            break;
        case NL_MD_NOTE_MARK:
            nl_plain_small_number(out, child->level);
            break;
        case NL_MD_HTML:
            nl_buf_adds(out, mark_of_tag(child->text));
            break;
        case NL_MD_LINK:
            write_link(writer, child, out);
            break;
        case NL_MD_STRUCK:
            write_between(writer, child, "~~", out);
            break;
        case NL_MD_EMPHASIS:
            write_between(writer, child, "_", out);
            break;
        case NL_MD_STRONG:
            write_between(writer, child, "*", out);
            break;
        case NL_MD_IMAGE:
            nl_buf_addc(out, '[');
            nl_plain_inlines(writer, child, out);
            nl_buf_addc(out, ']');
            if (child->caption != NULL)
                nl_buf_addf(out, " %s", child->caption);
            break;
        default:
            nl_plain_inlines(writer, child, out);
            break;
        }
    }
}
