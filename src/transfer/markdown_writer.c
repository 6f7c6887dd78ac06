#include "transfer/markdown_writer.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/text.h"
#include "transfer/markdown_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nl_scribe_free(struct nl_scribe *writer) {
    for (size_t i = 0; i < writer->run_count; i++)
        nl_buf_free(&writer->runs[i].text);
    for (size_t i = 0; i < writer->link_count; i++)
        free(writer->links[i]);
    for (size_t i = 0; i < writer->cell_count; i++)
        nl_buf_free(&writer->cells[i]);
    free(writer->runs);
    free(writer->links);
    free(writer->cells);
    nl_buf_free(&writer->out);
    nl_buf_free(&writer->notes);
    *writer = (struct nl_scribe){0};
}

/* ---- in a paragraph ---- */

static const char NBSP[] = "\xc2\xa0";

static struct nl_run *add_run(struct nl_scribe *writer) {
    if (writer->run_count == writer->run_room) {
        size_t room = writer->run_room > 0 ? writer->run_room * 2 : 16;
        writer->runs = nl_realloc(writer->runs, room * sizeof *writer->runs);
        writer->run_room = room;
    }
    writer->runs[writer->run_count] = (struct nl_run){0};
    return &writer->runs[writer->run_count++];
}

void nl_scribe_text(struct nl_scribe *writer, const char *text, size_t len, unsigned look,
                    size_t link) {
    struct nl_run *last = writer->run_count > 0 ? &writer->runs[writer->run_count - 1] : NULL;
    if (len == 0)
        return;
    if (last == NULL || last->raw || last->look != look || last->link != link)
        last = add_run(writer);
    last->look = look;
    last->link = link;
    bool begins = len >= 2 && memcmp(text, NBSP, 2) == 0; /* as browsers write a plain blank */
    bool ends = len >= (begins ? 4 : 2) && memcmp(text + len - 2, NBSP, 2) == 0;
    nl_buf_adds(&last->text, begins ? " " : "");
    nl_buf_add(&last->text, text + (begins ? 2 : 0), len - (begins ? 2 : 0) - (ends ? 2 : 0));
    nl_buf_adds(&last->text, ends ? " " : "");
}

void nl_scribe_raw(struct nl_scribe *writer, const char *text) {
    struct nl_run *run = add_run(writer);
    run->raw = true;
    nl_buf_adds(&run->text, text);
}

void nl_scribe_break(struct nl_scribe *writer) {
    nl_scribe_raw(writer, writer->in_table || writer->heading > 0 ? " " : "\\\n");
}

/* Signs that end an address in Markdown are written in percent. */
static void add_address(struct nl_buf *out, const char *address) {
    for (const char *p = address; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c == 0x7f || strchr("()<>\\|{}", *p) != NULL)
            nl_buf_addf(out, "%%%02X", c);
        else
            nl_buf_addc(out, *p);
    }
}

/* Search engines and some mail programs put an address of theirs before the one that is meant. */
static const char *within(const char *address) {
    static const char *const known[][2] = {{"://www.google.com/url?", "q="},
                                           {"://www.google.com/url?", "url="},
                                           {".safelinks.protection.outlook.com/?", "url="},
                                           {"://l.facebook.com/l.php?", "u="},
                                           {"://vk.com/away.php?", "to="}};
    const char *query = strchr(address, '?');
    for (size_t i = 0; query != NULL && i < sizeof known / sizeof known[0]; i++) {
        const char *site = strstr(address, known[i][0]);
        size_t len = strlen(known[i][1]);
        if (site == NULL || site + strlen(known[i][0]) != query + 1)
            continue;
        for (const char *at = query; at != NULL; at = strchr(at + 1, '&'))
            if (strncmp(at + 1, known[i][1], len) == 0)
                return at + 1 + len;
    }
    return NULL;
}

size_t nl_scribe_link(struct nl_scribe *writer, const char *address) {
    static const char *const open[] = {"http://", "https://", "mailto:", "tel:"};
    char *copy = NULL;
    struct nl_buf clean = {0};
    bool ok = false;
    const char *inner = within(address);
    if (inner != NULL) {
        copy = nl_strndup(inner, strcspn(inner, "&"));
        if (nl_text_decode_percent(copy))
            address = copy;
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        ok = ok || strncasecmp(address, open[i], strlen(open[i])) == 0;
    if (ok)
        add_address(&clean, address);
    if (address[0] != '\0' && address[0] != '#' && !ok)
        writer->document->dropped[NL_DROPPED_LINK]++;
    free(copy);
    if (!ok || writer->link_count >= NL_LINKS_MOST || clean.len > 2000) {
        nl_buf_free(&clean);
        return 0;
    }
    writer->links = nl_realloc(writer->links, (writer->link_count + 1) * sizeof *writer->links);
    writer->links[writer->link_count] = nl_buf_take(&clean);
    return ++writer->link_count;
}

void nl_scribe_picture(struct nl_scribe *writer, struct nl_buf *data, const char *alt) {
    struct nl_document *document = writer->document;
    const char *type = data->len > 0 ? nl_picture_type(data) : NULL;
    struct nl_buf text = {0};
    if (type == NULL || document->picture_count == NL_DOCUMENT_PICTURES) {
        document->dropped[NL_DROPPED_PICTURE]++;
        nl_buf_free(data);
        return;
    }
    const char *ending = strcmp(type, "image/jpeg") == 0 ? "jpg" : type + 6;
    struct nl_document_picture *picture = &document->pictures[document->picture_count++];
    nl_buf_addf(&text, "document-%zu.%s", document->picture_count, ending);
    *picture = (struct nl_document_picture){nl_strdup(nl_buf_text(&text)), *data};
    *data = (struct nl_buf){0};
    nl_buf_clear(&text);
    nl_buf_adds(&text, "![");
    nl_run_escape(alt, strlen(alt), &text);
    nl_buf_addf(&text, "](%s)", picture->name);
    nl_scribe_raw(writer, nl_buf_text(&text));
    nl_buf_free(&text);
}

/* ---- where a block stands ---- */

/* Lines of a block after the first are indented to the text of its item. */
static void add_indent(const struct nl_scribe *writer, size_t depth, struct nl_buf *out) {
    if (writer->in_note)
        nl_buf_adds(out, "    ");
    for (int i = 0; i < writer->quote; i++)
        nl_buf_adds(out, "> ");
    for (size_t i = 0; i < depth; i++)
        nl_buf_adds(out, writer->lists[i].numbered ? "    " : "  ");
}

/* An empty line between two blocks; within a quotation it belongs to it. */
static void add_gap(const struct nl_scribe *writer, struct nl_buf *out) {
    int quote = writer->quote < writer->last_quote ? writer->quote : writer->last_quote;
    for (int i = 0; i < quote; i++)
        nl_buf_adds(out, i + 1 < quote ? "> " : ">");
    nl_buf_addc(out, '\n');
}

static void add_sign(const struct nl_scribe *writer, struct nl_buf *out) {
    const struct nl_nested *list = &writer->lists[writer->depth - 1];
    char number[24];
    int width = snprintf(number, sizeof number, "%d.", list->number);
    if (list->numbered)
        nl_buf_addf(out, "%-*s", width < 3 ? 4 : width + 1, number);
    else
        nl_buf_adds(out, "- ");
}

static void add_lines(const struct nl_scribe *writer, const char *text, size_t len,
                      struct nl_buf *out) {
    for (const char *at = text; at < text + len;) {
        const char *end = memchr(at, '\n', (size_t)(text + len - at));
        size_t line = end != NULL ? (size_t)(end - at) : (size_t)(text + len - at);
        if (at > text && line > 0)
            add_indent(writer, writer->depth, out);
        nl_buf_add(out, at, line);
        nl_buf_addc(out, '\n');
        at += line + (end != NULL);
    }
}

static void add_block(struct nl_scribe *writer, const char *text, size_t len) {
    struct nl_buf *out = writer->in_note ? &writer->notes : &writer->out;
    bool item = writer->item && writer->depth > 0;
    bool first = writer->in_note && writer->note_begins; /* stands after the sign of the note */
    if (out->len > 0 && !first && !(item && writer->tight))
        add_gap(writer, out);
    if (!first)
        add_indent(writer, item ? writer->depth - 1 : writer->depth, out);
    if (item)
        add_sign(writer, out);
    add_lines(writer, text, len, out);
    writer->tight = item || (writer->tight && writer->depth > 0);
    writer->last_quote = writer->quote;
    writer->item = writer->note_begins = false;
}

/* ---- blocks ---- */

static void keep_title(struct nl_scribe *writer) {
    struct nl_buf *title = &writer->document->title;
    if (writer->title_level != 0 && writer->heading >= writer->title_level)
        return;
    writer->title_level = writer->heading;
    nl_buf_clear(title);
    for (size_t i = 0; i < writer->run_count; i++)
        if (!writer->runs[i].raw)
            nl_buf_add(title, nl_buf_text(&writer->runs[i].text), writer->runs[i].text.len);
}

void nl_scribe_end(struct nl_scribe *writer) {
    struct nl_buf line = {0};
    if (writer->run_count > 0) {
        nl_runs_write(writer, &line);
        if (line.len > 0 && writer->heading > 0 && !writer->in_table)
            keep_title(writer);
        for (size_t i = 0; i < writer->run_count; i++)
            nl_buf_free(&writer->runs[i].text);
        writer->run_count = 0;
    }
    if (line.len > 0 && writer->in_table) {
        struct nl_buf *cell = &writer->cells[writer->cell_count - 1];
        nl_buf_addf(cell, "%s%s", cell->len > 0 ? " " : "", nl_buf_text(&line));
    } else if (line.len > 0) {
        struct nl_buf block = {0};
        if (writer->heading > 0)
            nl_buf_addf(&block, "%.*s ", writer->heading, "######");
        nl_buf_add(&block, line.data, line.len);
        add_block(writer, nl_buf_text(&block), block.len);
        nl_buf_free(&block);
    }
    writer->heading = 0;
    nl_buf_free(&line);
}

void nl_scribe_heading(struct nl_scribe *writer, int level) {
    nl_scribe_end(writer);
    writer->heading = level < 1 ? 1 : level > 6 ? 6 : level;
}

void nl_scribe_rule(struct nl_scribe *writer) {
    nl_scribe_end(writer);
    if (!writer->in_table)
        add_block(writer, "***", 3);
}

void nl_scribe_code(struct nl_scribe *writer, const char *text) {
    struct nl_buf block = {0};
    nl_scribe_end(writer);
    if (writer->in_table) {
        nl_scribe_text(writer, text, strlen(text), 0, 0);
        return;
    }
    const char *fence = strstr(text, "```") != NULL ? "~~~~~~" : "```";
    size_t len = strlen(text);
    nl_buf_addf(&block, "%s\n%s%s%s\n", fence, text, len > 0 && text[len - 1] == '\n' ? "" : "\n",
                fence);
    add_block(writer, nl_buf_text(&block), block.len);
    nl_buf_free(&block);
}

void nl_scribe_quote(struct nl_scribe *writer, int change) {
    nl_scribe_end(writer);
    if (writer->quote + change >= 0 && writer->quote + change <= NL_NESTED_MOST)
        writer->quote += change;
}

void nl_scribe_list_begin(struct nl_scribe *writer, bool numbered) {
    nl_scribe_end(writer);
    if (writer->depth == 0)
        writer->tight = false;
    if (writer->depth < NL_NESTED_MOST)
        writer->lists[writer->depth++] = (struct nl_nested){.numbered = numbered};
}

void nl_scribe_list_end(struct nl_scribe *writer) {
    nl_scribe_end(writer);
    if (writer->depth > 0)
        writer->depth--;
    writer->item = false;
}

void nl_scribe_lists_end(struct nl_scribe *writer) {
    nl_scribe_end(writer);
    writer->depth = 0;
    writer->item = false;
}

void nl_scribe_item(struct nl_scribe *writer, size_t depth, bool numbered) {
    nl_scribe_end(writer);
    if (depth > NL_NESTED_MOST)
        depth = NL_NESTED_MOST;
    while (writer->depth > depth)
        nl_scribe_list_end(writer);
    if (depth > 0 && writer->depth == depth && writer->lists[depth - 1].numbered != numbered)
        nl_scribe_list_end(writer);
    while (writer->depth < depth) {
        nl_scribe_list_begin(writer, numbered);
        if (writer->depth < depth) /* a level without an item of its own has no sign */
            writer->lists[writer->depth - 1].numbered = false;
    }
    if (depth > 0)
        writer->lists[depth - 1].number++;
    writer->item = true;
}

/* ---- notes ---- */

void nl_scribe_note_begin(struct nl_scribe *writer, const char *name) {
    nl_scribe_lists_end(writer);
    writer->in_note = writer->note_begins = true;
    nl_buf_addf(&writer->notes, "%s[^%s]: ", writer->notes.len > 0 ? "\n" : "", name);
}

void nl_scribe_note_end(struct nl_scribe *writer) {
    nl_scribe_lists_end(writer);
    if (writer->notes.len > 0 && writer->notes.data[writer->notes.len - 1] != '\n')
        nl_buf_addc(&writer->notes, '\n');
    writer->in_note = false;
}

void nl_scribe_finish(struct nl_scribe *writer) {
    nl_scribe_end(writer);
    nl_buf_add(&writer->document->text, nl_buf_text(&writer->out), writer->out.len);
    if (writer->notes.len > 0)
        nl_buf_addf(&writer->document->text, "\n%s", nl_buf_text(&writer->notes));
}
