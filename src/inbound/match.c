#include "inbound/table.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A text that consists only of words of the table is cut off here. */
enum { WORDS = 16384, HITS = 65536, MATCHES = 1024 };

/* A phrase of a set that stands in the text at a word. */
struct nl_hit {
    unsigned set, at, end;
};

struct walk {
    const struct nl_bounce_reader *reader;
    struct nl_scan *scan;
    size_t *steps;
    size_t limit;
};

/* Room for one more. */
static void grow(void **array, size_t *cap, size_t count, size_t size) {
    if (count < *cap)
        return;
    size_t more = *cap > 0 ? *cap * 2 : 256;
    if (more < count + 1)
        more = count + 1;
    *array = nl_realloc(*array, more * size);
    *cap = more;
}

static bool spent(const struct walk *walk) {
    return ++*walk->steps >= walk->limit;
}

/* Takes note of all phrases that begin at a word: goes down the tree as far as the text does. */
static void find_phrases(struct walk *walk, size_t start, size_t at, unsigned node) {
    struct nl_scan *scan = walk->scan;
    const struct nl_bounce_reader *reader = walk->reader;
    for (unsigned i = reader->nodes[node].sets; i != 0; i = reader->endings[i - 1].next) {
        if (scan->hits_count == HITS)
            return;
        grow((void **)&scan->hits, &scan->hits_cap, scan->hits_count, sizeof *scan->hits);
        scan->hits[scan->hits_count++] =
            (struct nl_hit){reader->endings[i - 1].set, (unsigned)start, (unsigned)at};
    }
    if (at == scan->words.count || (at > start && scan->words.words[at].opens))
        return;
    for (size_t i = 0; i < scan->words.words[at].count && !spent(walk); i++) {
        const struct nl_edge *edge =
            &reader->edges[nl_table_edge(reader, node, scan->words.words[at].ids[i])];
        if (edge->word != 0)
            find_phrases(walk, start, at + 1, edge->to);
    }
}

/* Whether a phrase belongs to what one mail system wraps around the words of another. */
static bool is_framed(const struct nl_scan *scan, const struct nl_hit *hit) {
    return scan->words.words[hit->at].framed || scan->words.words[hit->end - 1].framed;
}

/* Where the parts of a rule from `part` on end when the one before them ends at `end`, or 0. */
static size_t find_rest(struct walk *walk, const struct nl_rule *rule, size_t part, size_t end) {
    const struct nl_scan *scan = walk->scan;
    if (part == rule->count)
        return end;
    for (size_t at = end; at <= end + rule->gaps[part] && at < scan->words.count; at++) {
        if (scan->words.words[at].opens)
            return 0;
        for (size_t i = scan->first_hit[at]; i < scan->first_hit[at + 1]; i++) {
            if (spent(walk))
                return 0;
            if (rule->sort == NL_SORT_WHY && is_framed(scan, &scan->hits[i]))
                continue;
            size_t found = scan->hits[i].set == rule->parts[part]
                               ? find_rest(walk, rule, part + 1, scan->hits[i].end)
                               : 0;
            if (found > 0)
                return found;
        }
    }
    return 0;
}

static void note(struct nl_scan *scan, const struct nl_bounce_reader *reader, size_t number,
                 size_t at, size_t end) {
    const struct nl_rule *rule = &reader->rules[number];
    const struct nl_word *words = scan->words.words;
    unsigned line = words[at].line;
    unsigned last = words[end - 1].line;
    if ((rule->at_start && at > 0 && words[at - 1].line == line) ||
        (rule->at_end && end < scan->words.count && words[end].line == last))
        return;
    for (size_t i = at; rule->sort == NL_SORT_FRAME && i < end; i++)
        scan->words.words[i].framed = true;
    if (rule->sort != NL_SORT_WHY) {
        scan->sorts[line] |= line == last ? 1u << rule->sort : 0;
    } else if (scan->count < MATCHES) {
        grow((void **)&scan->matches, &scan->cap, scan->count, sizeof *scan->matches);
        scan->matches[scan->count++] =
            (struct nl_match){(unsigned)number, words[at].at, words[end - 1].at};
    }
}

/* Finds the rules that say why, or all others: frames are known before reasons are looked for. */
static void find_rules(struct walk *walk, bool why) {
    struct nl_scan *scan = walk->scan;
    const struct nl_bounce_reader *reader = walk->reader;
    for (size_t i = 0; i < scan->hits_count; i++) {
        const struct nl_hit *hit = &scan->hits[i];
        for (unsigned number = reader->sets[hit->set].rules; number != 0;
             number = reader->next_rule[number - 1]) {
            const struct nl_rule *rule = &reader->rules[number - 1];
            if (spent(walk))
                return;
            if ((rule->sort == NL_SORT_WHY) != why || (why && is_framed(scan, hit)))
                continue;
            size_t end = find_rest(walk, rule, 1, hit->end);
            if (end > 0)
                note(scan, reader, number - 1, hit->at, end);
        }
    }
}

void nl_scan_text(const struct nl_bounce_reader *reader, const char *text, size_t len, size_t lines,
                  struct nl_scan *out, size_t *steps, size_t limit) {
    struct walk walk = {reader, out, steps, limit};
    out->count = out->hits_count = 0;
    nl_words_split(reader->vocabulary, text, len, lines, WORDS, &out->words);
    size_t count = out->words.count;
    out->lines = out->words.line + 1;
    *steps += len / 16 + count; /* a letter is less work than a phrase */
    grow((void **)&out->sorts, &out->lines_cap, out->lines, sizeof *out->sorts);
    grow((void **)&out->first_hit, &out->first_cap, count, sizeof *out->first_hit);
    memset(out->sorts, 0, out->lines * sizeof *out->sorts);
    for (size_t at = 0; at < count; at++) {
        out->first_hit[at] = out->hits_count;
        if (out->words.words[at].count > 0 && *steps < limit)
            find_phrases(&walk, at, at, 0);
    }
    out->first_hit[count] = out->hits_count;
    find_rules(&walk, false);
    find_rules(&walk, true);
}

bool nl_scan_is(const struct nl_scan *scan, size_t line, enum nl_sort sort) {
    return line < scan->lines && (scan->sorts[line] & 1u << sort) != 0;
}

/* "5.7.25" as "5.7.25", "x.7.25" (any class), "5.7.2?" or "5.7.*". */
static bool is_code(const char *pattern, size_t len, const char *status) {
    size_t i = 0;
    for (; i < len && pattern[i] != '*'; i++)
        if (status[i] == '\0' ||
            (pattern[i] != status[i] && pattern[i] != 'x' && pattern[i] != '?'))
            return false;
    return i < len || status[i] == '\0';
}

static bool holds(const struct nl_rule *rule, const char *status) {
    if (rule->codes == NULL)
        return true;
    for (const char *code = rule->codes; *code != '\0';) {
        size_t len = strcspn(code, ",");
        if (is_code(code, len, status))
            return true;
        code += len + (code[len] == ',' ? 1 : 0);
    }
    return false;
}

/* The first match that begins at a place or after it. */
static size_t first_match(const struct nl_scan *scan, size_t place) {
    size_t low = 0;
    size_t high = scan->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scan->matches[middle].first < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct nl_rule *nl_scan_why(const struct nl_bounce_reader *reader, const struct nl_scan *scan,
                                  size_t first, size_t last, const char *status, size_t *steps) {
    size_t best = reader->rules_count;
    for (size_t i = scan != NULL ? first_match(scan, first) : 0;
         scan != NULL && i < scan->count && scan->matches[i].first <= last; i++) {
        const struct nl_match *match = &scan->matches[i];
        ++*steps;
        if (match->last <= last && match->rule < best && holds(&reader->rules[match->rule], status))
            best = match->rule;
    }
    for (unsigned i = reader->first_code_rule; status[0] != '\0' && i != 0 && i <= best;
         i = reader->next_rule[i - 1])
        if (holds(&reader->rules[i - 1], status))
            best = i - 1;
    return best < reader->rules_count ? &reader->rules[best] : NULL;
}

struct nl_scan *nl_reader_scan(const struct nl_bounce_reader *reader, size_t which) {
    return &reader->scans[which];
}

void nl_scan_free(struct nl_scan *scan) {
    nl_words_free(&scan->words);
    free(scan->sorts);
    free(scan->matches);
    free(scan->hits);
    free(scan->first_hit);
    *scan = (struct nl_scan){0};
}
