#include "newsletter/service/draft_merge.h"
#include "newsletter/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As in draft_difference.c: of texts that differ more, nothing is common. */
enum { CELLS_MOST = 4000000 };

/* A line of the front matter, or a paragraph with the empty lines after it. */
struct piece {
    const char *at;
    size_t len;  /* all of it */
    size_t text; /* without the line ends at its end: these do not make a difference */
    bool front;
};

struct pieces {
    struct piece *items;
    size_t count;
};

static size_t line_length(const char *at) {
    size_t len = strcspn(at, "\n");
    return len + (at[len] == '\n');
}

static bool is_marker(const char *at) {
    return strncmp(at, "---", 3) == 0 && (at[3] == '\n' || at[3] == '\0');
}

static bool is_empty(const char *at) {
    size_t len = strspn(at, " \t\r");
    return at[len] == '\n' || at[len] == '\0';
}

static size_t piece_length(const char *at, bool front) {
    size_t len = line_length(at);
    bool gap = is_empty(at);
    while (!front && at[len] != '\0' && (!gap || is_empty(at + len))) {
        gap = gap || is_empty(at + len);
        len += line_length(at + len);
    }
    return len;
}

static void split(const char *text, struct pieces *out) {
    size_t most = 1;
    int markers = is_marker(text) ? 0 : 2;
    for (const char *p = text; *p != '\0'; p++)
        most += *p == '\n';
    out->items = nl_calloc(most, sizeof *out->items);
    while (*text != '\0') {
        bool front = markers < 2;
        size_t len = piece_length(text, front);
        size_t shown = len;
        markers += front && is_marker(text);
        while (shown > 0 && strchr(" \t\r\n", text[shown - 1]) != NULL)
            shown--;
        out->items[out->count++] = (struct piece){text, len, shown, front};
        text += len;
    }
}

static bool is_same(const struct piece *a, const struct piece *b) {
    return a->text == b->text && memcmp(a->at, b->at, a->text) == 0;
}

/* ---- what two texts have in common ---- */

/* As many pieces in one place as there were have been changed, each of them. */
static void match_changed(const struct pieces *from, const struct pieces *to, size_t *match) {
    size_t at = 0;
    size_t to_at = 0;
    for (size_t i = 0; i <= from->count; i++) {
        if (i < from->count && match[i] == SIZE_MAX)
            continue;
        size_t until = i < from->count ? match[i] : to->count;
        for (size_t k = 0; i - at == until - to_at && k < i - at; k++)
            match[at + k] = to_at + k;
        at = i + 1;
        to_at = until + 1;
    }
}

/* Sets match[i] to the piece of `to` that is the same as piece i of `from`, or SIZE_MAX. The table
 * has the lengths of the longest common subsequences of the rests. */
static void match_same(const struct pieces *from, const struct pieces *to, size_t *match) {
    size_t begin = 0;
    size_t end = 0;
    for (size_t i = 0; i < from->count; i++)
        match[i] = SIZE_MAX;
    for (; begin < from->count && begin < to->count &&
           is_same(&from->items[begin], &to->items[begin]);
         begin++)
        match[begin] = begin;
    for (; end < from->count - begin && end < to->count - begin &&
           is_same(&from->items[from->count - 1 - end], &to->items[to->count - 1 - end]);
         end++)
        match[from->count - 1 - end] = to->count - 1 - end;
    size_t height = from->count - begin - end;
    size_t width = to->count - begin - end;
    if (height == 0 || width == 0 || height + 1 > CELLS_MOST / (width + 1))
        return;
    uint32_t *table = nl_calloc((height + 1) * (width + 1), sizeof *table);
    for (size_t i = height; i-- > 0;)
        for (size_t j = width; j-- > 0;) {
            uint32_t *cell = table + i * (width + 1) + j;
            uint32_t below = cell[width + 1];
            bool same = is_same(&from->items[begin + i], &to->items[begin + j]);
            *cell = same ? cell[width + 2] + 1 : below > cell[1] ? below : cell[1];
        }
    for (size_t i = 0, j = 0; i < height && j < width;) {
        const uint32_t *cell = table + i * (width + 1) + j;
        if (is_same(&from->items[begin + i], &to->items[begin + j]))
            match[begin + i++] = begin + j++;
        else if (cell[width + 1] >= cell[1])
            i++;
        else
            j++;
    }
    free(table);
}

/* As match_same, and to the piece that piece i has become. */
static void match_pieces(const struct pieces *from, const struct pieces *to, size_t *match) {
    match_same(from, to, match);
    match_changed(from, to, match);
}

/* ---- merging ---- */

/* A part of a text, from one piece up to another. */
struct part {
    const struct pieces *of;
    size_t from, to;
};

static bool are_same(const struct part *a, const struct part *b) {
    bool same = a->to - a->from == b->to - b->from;
    for (size_t i = 0; same && i < a->to - a->from; i++)
        same = is_same(&a->of->items[a->from + i], &b->of->items[b->from + i]);
    return same;
}

static void add_part(struct nl_buf *out, const struct part *part) {
    for (size_t i = part->from; i < part->to; i++)
        nl_buf_add(out, part->of->items[i].at, part->of->items[i].len);
}

static json_t *part_text(const struct part *part) {
    struct nl_buf text = {0};
    add_part(&text, part);
    json_t *value = json_stringn(nl_buf_text(&text), text.len);
    nl_buf_free(&text);
    return value;
}

struct merging {
    enum nl_merge_choice choice;
    struct nl_buf *out;
    json_t *conflicts;
    const struct piece *last; /* that was written */
};

/* A paragraph that was the last of its text has no empty line after it. */
static void keep_apart(struct merging *self, const struct part *next) {
    const struct piece *last = self->last;
    int ends = 0;
    if (next->from == next->to)
        return;
    for (size_t i = last != NULL ? last->text : 0; last != NULL && i < last->len; i++)
        ends += last->at[i] == '\n';
    for (; last != NULL && !last->front && ends < 2; ends++)
        nl_buf_addc(self->out, '\n');
    self->last = &next->of->items[next->to - 1];
}

static void merge_part(struct merging *self, const struct part *base, const struct part *mine,
                       const struct part *theirs) {
    bool i_did = !are_same(base, mine);
    bool they_did = !are_same(base, theirs);
    bool conflict = i_did && they_did && !are_same(mine, theirs);
    const struct part *taken = conflict ? (self->choice == NL_MERGE_THEIRS ? theirs : mine)
                               : i_did  ? mine
                                        : theirs;
    if (conflict && self->choice == NL_MERGE_ASK)
        json_array_append_new(self->conflicts, json_pack("{s:o, s:o}", "mine", part_text(mine),
                                                         "theirs", part_text(theirs)));
    keep_apart(self, taken);
    add_part(self->out, taken);
}

/* Goes from one piece that all three have, changed or not, to the next; between them lies a part
 * that somebody may have changed. */
static void merge(struct merging *self, const struct pieces *base, const struct pieces *mine,
                  const struct pieces *theirs, const size_t *to_mine, const size_t *to_theirs) {
    struct part at = {base, 0, 0};
    struct part m = {mine, 0, 0};
    struct part t = {theirs, 0, 0};
    for (size_t i = 0; i <= base->count; i++) {
        bool last = i == base->count;
        if (!last && (to_mine[i] == SIZE_MAX || to_theirs[i] == SIZE_MAX))
            continue;
        at.to = i;
        m.to = last ? mine->count : to_mine[i];
        t.to = last ? theirs->count : to_theirs[i];
        merge_part(self, &at, &m, &t);
        if (last)
            return;
        at = (struct part){base, i, i + 1};
        m = (struct part){mine, to_mine[i], to_mine[i] + 1};
        t = (struct part){theirs, to_theirs[i], to_theirs[i] + 1};
        merge_part(self, &at, &m, &t);
        at.from = at.to;
        m.from = m.to;
        t.from = t.to;
    }
}

void nl_draft_merge(const char *base, const char *mine, const char *theirs,
                    enum nl_merge_choice choice, struct nl_buf *out, json_t **conflicts) {
    struct pieces texts[3] = {0};
    const char *const sources[] = {base, mine, theirs};
    size_t *matches[2] = {0};
    *conflicts = json_array();
    for (size_t i = 0; i < 3; i++)
        split(sources[i], &texts[i]);
    for (size_t i = 0; i < 2; i++) {
        matches[i] = nl_calloc(texts[0].count + 1, sizeof *matches[i]);
        match_pieces(&texts[0], &texts[i + 1], matches[i]);
    }
    struct merging self = {choice, out, *conflicts, NULL};
    merge(&self, &texts[0], &texts[1], &texts[2], matches[0], matches[1]);
    for (size_t i = 0; i < 3; i++)
        free(texts[i].items);
    free(matches[0]);
    free(matches[1]);
}
