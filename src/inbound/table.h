/* The table of patterns, compiled. What table.c makes and match.c walks. */
#ifndef NL_INBOUND_TABLE_H
#define NL_INBOUND_TABLE_H

#include "inbound/patterns.h"

enum { NL_SCANS = 3 };

/* A set of phrases, any of which will do. */
struct nl_set {
    char *name;     /* of a class; NULL for one that a rule wrote out */
    char *phrases;  /* of a class, as the table has them */
    unsigned rules; /* the first rule that begins with it, plus one; 0 for none */
};

/* A place in the tree of all phrases. Its number is its index; 0 is the root. */
struct nl_node {
    unsigned sets; /* the first of nl_ending that ends here, plus one; 0 for none */
};

struct nl_ending {
    unsigned set, next;
};

/* One step in the tree: in an open-addressing table by node and word. */
struct nl_edge {
    unsigned from, to;
    unsigned short word; /* 0: a free place */
};

struct nl_bounce_reader {
    struct nl_vocabulary *vocabulary;
    struct nl_reason *reasons;
    struct nl_rule *rules;
    unsigned
        *next_rule; /* of those that begin with the same set, or are of codes alone; plus one */
    unsigned first_code_rule;
    struct nl_set *sets;
    struct nl_node *nodes;
    struct nl_ending *endings;
    struct nl_edge *edges;
    size_t reasons_count, rules_count, sets_count, nodes_count, endings_count, edges_count;
    size_t rules_cap, sets_cap, nodes_cap, endings_cap, edges_cap;
    struct nl_scan *scans; /* scratch */
};

/* The place of the edge from a node by a word, or of a free one. */
size_t nl_table_edge(const struct nl_bounce_reader *reader, unsigned from, unsigned short word);

/* phrase_tree.c: adds a phrase to a set; its words go the same way as those of a text. *wrong
 * says what is wrong with it. */
void nl_table_add_phrase(struct nl_bounce_reader *reader, unsigned set, const char *text,
                         size_t len, const char **wrong);

/* Room for one more row, zeroed. */
void nl_table_grow(void **array, size_t *cap, size_t count, size_t size);

#endif
