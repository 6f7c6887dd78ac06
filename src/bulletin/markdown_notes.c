#include "bulletin/markdown_notes.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct collection {
    struct nl_md_node **notes; /* by name, then by place */
    size_t count, capacity;
    struct nl_md_node **order; /* those that have a number, in its order */
    int numbered;
};

static void keep_note(struct collection *self, struct nl_md_node *note) {
    if (self->count == self->capacity) {
        size_t capacity = self->capacity > 0 ? 2 * self->capacity : 16;
        struct nl_md_node **notes = nl_reallocarray((void *)self->notes, capacity, sizeof(void *));
        self->notes = notes;
        self->capacity = capacity;
    }
    note->parent = NULL;
    self->notes[self->count++] = note;
}

/* Takes the notes out of a node and all below it, and the lists that held nothing else. */
static void take_notes(struct collection *self, struct nl_md_node *parent) {
    struct nl_md_node *node = parent->first;
    parent->first = parent->last = NULL;
    while (node != NULL) {
        struct nl_md_node *next = node->next;
        take_notes(self, node);
        node->next = NULL;
        if (node->type == NL_MD_NOTE)
            keep_note(self, node);
        else if (node->type == NL_MD_NUMBERS && node->first == NULL)
            nl_md_free(node);
        else
            nl_md_adopt(parent, node);
        node = next;
    }
}

static int compare_notes(const void *a, const void *b) {
    const struct nl_md_node *one = *(struct nl_md_node *const *)a;
    const struct nl_md_node *two = *(struct nl_md_node *const *)b;
    int order = strcmp(one->text, two->text);
    return order != 0 ? order : (one->at > two->at) - (one->at < two->at);
}

/* The first note of a name; NULL if there is none. */
static struct nl_md_node *find_note(const struct collection *self, const char *name) {
    size_t low = 0;
    size_t high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(self->notes[middle]->text, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->count && strcmp(self->notes[low]->text, name) == 0 ? self->notes[low] : NULL;
}

/* Makes the mark of a note that does not exist text again. */
static void unmark(struct nl_md_node *mark) {
    struct nl_buf text = {0};
    nl_buf_addf(&text, "[^%s]", mark->text);
    free(mark->text);
    mark->text = nl_buf_take(&text);
    mark->type = NL_MD_TEXT;
}

static void number_marks(struct collection *self, struct nl_md_node *node) {
    if (node->type != NL_MD_NOTE_MARK) {
        for (struct nl_md_node *child = node->first; child != NULL; child = child->next)
            number_marks(self, child);
        return;
    }
    struct nl_md_node *note = find_note(self, node->text);
    if (note == NULL) {
        unmark(node);
        return;
    }
    if (note->level == 0) {
        note->level = ++self->numbered;
        self->order[note->level - 1] = note;
        node->letter = 1;
    }
    node->level = note->level;
}

/* Numbers what the text refers to, then what those notes refer to. */
static void number_all(struct collection *self, struct nl_md_node *document) {
    self->order = nl_calloc(self->count + 1, sizeof(void *));
    number_marks(self, document);
    for (int i = 0; i < self->numbered; i++)
        number_marks(self, self->order[i]);
}

void nl_md_notes_collect(struct nl_md_node *document) {
    struct collection self = {0};
    take_notes(&self, document);
    if (self.count > 0)
        qsort((void *)self.notes, self.count, sizeof(void *), compare_notes);
    number_all(&self, document);
    struct nl_md_node *notes = self.count > 0 ? nl_md_append(document, NL_MD_NOTES) : NULL;
    for (int i = 0; i < self.numbered; i++)
        nl_md_adopt(notes, self.order[i]);
    for (size_t i = 0; i < self.count; i++)
        if (self.notes[i]->level == 0)
            nl_md_adopt(notes, self.notes[i]);
    free((void *)self.notes);
    free((void *)self.order);
}
