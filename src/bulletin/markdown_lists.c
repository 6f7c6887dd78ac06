#include "bulletin/markdown_lists.h"
#include "newsletter/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parser does not say where an item's sign stood. But items come in the order of their signs,
 * and the sign of an item is the last before its first words. */
struct settling {
    struct nl_md_source *source;
    size_t *signs; /* the edits that may be an item's sign: none of them came out as text */
    size_t count, next;
    struct nl_list_sign last[NL_LIST_STYLES]; /* of the last list of each style; len 0: none yet */
    bool again;
};

static struct nl_md_edit *sign_at(const struct settling *self, size_t i) {
    return &self->source->edits[self->signs[i]];
}

static void list_signs(struct settling *self) {
    self->signs = nl_calloc(self->source->count + 1, sizeof *self->signs);
    for (size_t i = 0; i < self->source->count; i++)
        if (self->source->edits[i].kind <= NL_MD_EDIT_NOTE && !self->source->edits[i].shown)
            self->signs[self->count++] = i;
}

static bool is_numbered(const struct nl_md_node *node) {
    return node->type == NL_MD_ITEM && node->parent->type == NL_MD_NUMBERS;
}

/* Counts the numbered items that begin before the first words of `node`. True once these words are
 * reached. */
static bool count_items(const struct nl_md_node *node, size_t words, size_t *count) {
    if (node->type >= NL_MD_CONDITION)
        return node->at == words || node->type == NL_MD_TEXT;
    *count += is_numbered(node);
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        if (count_items(child, words, count))
            return true;
    return false;
}

/* How many of the signs from self->next on stand before a place. */
static size_t signs_before(const struct settling *self, size_t place) {
    size_t low = self->next;
    size_t high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sign_at(self, middle)->at < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low - self->next;
}

/* The sign of an item; NULL if there is none left. An item without words has the next one. */
static struct nl_md_edit *take_sign(struct settling *self, const struct nl_md_node *item) {
    size_t items = 0;
    size_t before = 1;
    if (item->at > 0) {
        count_items(item, item->at, &items);
        before = signs_before(self, item->at - 1);
    }
    if (before > items && items > 0)
        self->next += before - items;
    return self->next < self->count ? sign_at(self, self->next++) : NULL;
}

/* Whether the signs of a list make one: two that follow each other, and not all of them what names
 * begin with. Or they go on with a list before. */
static bool is_list(const struct settling *self, struct nl_md_edit **edits, size_t count) {
    const struct nl_list_sign *first = &edits[0]->sign;
    const struct nl_list_sign *last = &self->last[nl_list_sign_style(first)];
    bool follows = last->len > 0 && nl_list_sign_follows(last, first);
    bool names = true;
    for (size_t i = 0; i < count; i++) {
        follows = follows || (i > 0 && nl_list_sign_follows(&edits[i - 1]->sign, &edits[i]->sign));
        names = names && edits[i]->sign.initial;
    }
    return follows && !names;
}

static void refuse(struct settling *self, const struct nl_md_edit *edit) {
    self->source->refused[edit->from] = 1;
    self->again = true;
}

/* Refuses what begins a name ("A. Smith") within a list that it does not belong to. */
static void refuse_names(struct settling *self, struct nl_md_edit **edits, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (edits[i]->sign.initial &&
            (i == 0 || !nl_list_sign_follows(&edits[i - 1]->sign, &edits[i]->sign)) &&
            (i + 1 == count || !nl_list_sign_follows(&edits[i]->sign, &edits[i + 1]->sign)))
            refuse(self, edits[i]);
}

/* Judges the signs of one list, in runs of one style. */
static void judge(struct settling *self, struct nl_md_edit **edits, size_t count) {
    for (size_t start = 0, end = 0; start < count; start = end) {
        unsigned style = nl_list_sign_style(&edits[start]->sign);
        for (end = start + 1; end < count && nl_list_sign_style(&edits[end]->sign) == style;)
            end++;
        if (is_list(self, edits + start, end - start)) {
            self->last[style] = edits[end - 1]->sign;
            refuse_names(self, edits + start, end - start);
        } else {
            for (size_t i = start; i < end; i++)
                refuse(self, edits[i]);
        }
    }
}

/* Whether an item is told by another sign than "1.". */
static bool has_sign(const struct settling *self, const struct nl_md_edit *edit) {
    return edit->kind == NL_MD_EDIT_SIGN ||
           (edit->kind == NL_MD_EDIT_NUMBER &&
            memchr(self->source->hidden.data + edit->from, ')', edit->size) != NULL);
}

/* Sets the sign that an item shows: the author's, or its number. */
static void set_sign(const struct settling *self, struct nl_md_node *item,
                     const struct nl_md_edit *edit, int number) {
    char text[32];
    if (edit != NULL && edit->kind == NL_MD_EDIT_SIGN) {
        item->text = nl_strndup(self->source->hidden.data + edit->from, edit->sign.len);
        return;
    }
    snprintf(text, sizeof text, "%d%c", number, edit != NULL && has_sign(self, edit) ? ')' : '.');
    item->text = nl_strdup(text);
}

static void make_note(const struct settling *self, struct nl_md_node *item, bool tight,
                      const struct nl_md_edit *edit) {
    const char *name = self->source->hidden.data + edit->from + 2;
    item->type = NL_MD_NOTE;
    item->tight = tight;
    item->text = nl_strndup(name, strcspn(name, "]"));
}

/* Gives each item of a list what its sign makes of it. */
static void set_signs(const struct settling *self, struct nl_md_node *list,
                      struct nl_md_edit **edits) {
    int number = list->level;
    for (struct nl_md_node *item = list->first; item != NULL; item = item->next) {
        const struct nl_md_edit *edit = *edits++;
        if (edit != NULL && edit->kind == NL_MD_EDIT_NOTE)
            make_note(self, item, list->tight, edit);
        else if (list->signs)
            set_sign(self, item, edit, number);
        number++;
    }
}

static void settle(struct settling *self, struct nl_md_node *node);

/* Takes the signs of a list's items, each followed by those of the lists within it. */
static void take_signs(struct settling *self, struct nl_md_node *list, struct nl_md_edit **edits) {
    for (struct nl_md_node *item = list->first; item != NULL; item = item->next) {
        const struct nl_md_edit *edit = *edits++ = take_sign(self, item);
        list->signs = list->signs || (edit != NULL && has_sign(self, edit));
        settle(self, item);
    }
}

static void settle_list(struct settling *self, struct nl_md_node *list) {
    size_t count = 0;
    size_t signs = 0;
    for (const struct nl_md_node *item = list->first; item != NULL; item = item->next)
        count++;
    struct nl_md_edit **edits = nl_calloc(2 * count + 1, sizeof(void *));
    struct nl_md_edit **own = edits + count;
    take_signs(self, list, edits);
    for (size_t i = 0; i < count; i++)
        if (edits[i] != NULL && edits[i]->kind == NL_MD_EDIT_SIGN)
            own[signs++] = edits[i];
    if (signs > 0 && edits[0] == own[0])
        list->level = 1;
    judge(self, own, signs);
    set_signs(self, list, edits);
    free((void *)edits);
}

static void settle(struct settling *self, struct nl_md_node *node) {
    if (node->type == NL_MD_NUMBERS) {
        settle_list(self, node);
        return;
    }
    for (struct nl_md_node *child = node->first; child != NULL; child = child->next)
        settle(self, child);
}

void nl_md_lists_settle(struct nl_md_node *document, struct nl_md_source *source, bool *again) {
    struct settling self = {.source = source};
    list_signs(&self);
    settle(&self, document);
    free(self.signs);
    *again = self.again;
}
