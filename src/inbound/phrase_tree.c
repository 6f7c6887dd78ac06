/* The tree of all phrases of the table of patterns: a text is walked once for all rules. */
#include "inbound/table.h"

#include "inbound/vocabulary.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

void nl_table_grow(void **array, size_t *cap, size_t count, size_t size) {
    if (count < *cap)
        return;
    size_t more = *cap > 0 ? *cap * 2 : 512;
    void *grown = nl_realloc(*array, more * size);
    memset((char *)grown + *cap * size, 0, (more - *cap) * size);
    *array = grown;
    *cap = more;
}

size_t nl_table_edge(const struct nl_bounce_reader *reader, unsigned from, unsigned short word) {
    size_t at = (from * 2654435761u ^ word * 40503u) & (reader->edges_cap - 1);
    while (reader->edges[at].word != 0 &&
           (reader->edges[at].from != from || reader->edges[at].word != word))
        at = (at + 1) & (reader->edges_cap - 1);
    return at;
}

/* Doubles the table of edges; its size is a power of two. */
static void grow_edges(struct nl_bounce_reader *reader) {
    struct nl_edge *old = reader->edges;
    size_t old_cap = reader->edges_cap;
    if (reader->edges_count * 2 < old_cap)
        return;
    size_t cap = old_cap > 0 ? old_cap * 2 : 16384;
    struct nl_edge *edges = nl_calloc(cap, sizeof *edges);
    reader->edges = edges;
    reader->edges_cap = cap;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].word != 0)
            edges[nl_table_edge(reader, old[i].from, old[i].word)] = old[i];
    free(old);
}

/* The node after a word; a new one where there is none. */
static unsigned step_to(struct nl_bounce_reader *reader, unsigned from, unsigned short word) {
    grow_edges(reader);
    struct nl_edge *edge = &reader->edges[nl_table_edge(reader, from, word)];
    if (edge->word != 0)
        return edge->to;
    nl_table_grow((void **)&reader->nodes, &reader->nodes_cap, reader->nodes_count,
                  sizeof *reader->nodes);
    *edge = (struct nl_edge){from, (unsigned)reader->nodes_count++, word};
    reader->edges_count++;
    return edge->to;
}

void nl_table_add_phrase(struct nl_bounce_reader *reader, unsigned set, const char *text,
                         size_t len, const char **wrong) {
    unsigned node = 0;
    while (len > 0) {
        size_t word = 0;
        while (word < len && text[word] != ' ')
            word++;
        unsigned short ids[NL_VOCABULARY_MEANINGS];
        int count = word > 0 ? nl_vocabulary_add(reader->vocabulary, text, word, ids) : 0;
        for (int i = 0; i < count; i++)
            node = step_to(reader, node, ids[i]);
        if (count < 0) {
            *wrong = "there are too many words";
            return;
        }
        if (word > 0 && count == 0)
            *wrong = "it holds a word that is dropped from every text";
        word += word < len ? 1 : 0;
        text += word;
        len -= word;
    }
    if (node == 0)
        return;
    nl_table_grow((void **)&reader->endings, &reader->endings_cap, reader->endings_count,
                  sizeof *reader->endings);
    reader->endings[reader->endings_count++] = (struct nl_ending){set, reader->nodes[node].sets};
    reader->nodes[node].sets = (unsigned)reader->endings_count;
}
