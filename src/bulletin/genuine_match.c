#include "bulletin/genuine_match.h"

#include "bulletin/canonical.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS = 40000000, /* for one text, and so the time that it takes */
    VALUE_WORDS = 12,
    FEW = 4,       /* paragraphs with fewer words are looked for where they must stand */
    LOOK_FOR = 60, /* words between two paragraphs in which one with few words may stand */
};

void nl_matching_free(struct nl_matching *matching) {
    free(matching->places);
    free(matching->taken);
    nl_buf_free(&matching->personal);
    *matching = (struct nl_matching){0};
}

/* Numbers of lists, which programs add when they make plain text. */
static bool is_numbering(const char *word) {
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 3 && (word[digits] == '.' || word[digits] == ')') &&
           word[digits + 1] == '\0';
}

/* The parts of a word around the first and the last value in a word. */
struct affixes {
    const char *prefix, *suffix;
    size_t prefix_len, suffix_len;
};

static struct affixes affixes_of(const struct nl_token_of_note *token) {
    const char *first = memmem(token->text, token->len, NL_WORD_SLOT, 3);
    const char *last = first;
    const char *end = token->text + token->len;
    for (const char *at = first; at != NULL;
         at = memmem(at + 3, (size_t)(end - at - 3), NL_WORD_SLOT, 3))
        last = at;
    return first == NULL ? (struct affixes){token->text, token->text, 0, 0}
                         : (struct affixes){token->text, last + 3, (size_t)(first - token->text),
                                            (size_t)(end - last - 3)};
}

static bool has_prefix(const char *word, size_t len, const struct affixes *affixes) {
    return len >= affixes->prefix_len && memcmp(word, affixes->prefix, affixes->prefix_len) == 0;
}

static bool has_suffix(const char *word, size_t len, const struct affixes *affixes) {
    return len >= affixes->suffix_len &&
           memcmp(word + len - affixes->suffix_len, affixes->suffix, affixes->suffix_len) == 0;
}

static bool says_nothing(const struct affixes *affixes) {
    for (size_t i = 0; i < affixes->prefix_len; i++)
        if (isalnum((unsigned char)affixes->prefix[i]) || (affixes->prefix[i] & 0x80) != 0)
            return false;
    for (size_t i = 0; i < affixes->suffix_len; i++)
        if (isalnum((unsigned char)affixes->suffix[i]) || (affixes->suffix[i] & 0x80) != 0)
            return false;
    return true;
}

/* Whether an address is that of a link, of which a part may differ from reader to reader. */
static bool is_address(const struct nl_token_of_note *token, const char *word, size_t len) {
    const struct affixes affixes = affixes_of(token); /* they begin with "<" and end with ">" */
    if (affixes.prefix_len == 0 || affixes.suffix_len == 0)
        return token->len == len + 2 && memcmp(token->text + 1, word, len) == 0;
    size_t before = affixes.prefix_len - 1;
    size_t after = affixes.suffix_len - 1;
    return before > 0 && len >= before + after && memcmp(word, affixes.prefix + 1, before) == 0 &&
           memcmp(word + len - after, affixes.suffix, after) == 0;
}

/* The address of a link of this paragraph, which programs add when they make plain text. */
static bool is_link_of(const struct nl_passage *passage, const char *word) {
    size_t len = strlen(word);
    for (size_t i = 0; i < passage->count; i++)
        if (passage->tokens[i].kind == NL_TOKEN_LINK && is_address(&passage->tokens[i], word, len))
            return true;
    return false;
}

/* Whether words [at, at + count) are a value with what stands around it. */
static bool is_value(const struct nl_wording *words, size_t at, size_t count,
                     const struct affixes *affixes) {
    if (count == 0)
        return says_nothing(affixes);
    if (at + count > words->count)
        return false;
    for (size_t i = at; i < at + count; i++)
        if (words->items[i].link)
            return false;
    return has_prefix(nl_wording_at(words, at), words->items[at].len, affixes) &&
           has_suffix(nl_wording_at(words, at + count - 1), words->items[at + count - 1].len,
                      affixes);
}

static bool is_digest(struct nl_matching *matching, size_t at, size_t count,
                      const struct nl_token_of_note *token) {
    char digest[NL_HEX_LEN];
    if (at + count > matching->words->count || matching->steps < count)
        return false;
    for (size_t i = at; token->kind == NL_TOKEN_RUN && i < at + count; i++)
        if (matching->words->items[i].link)
            return false;
    matching->steps -= count * 8 < matching->steps ? count * 8 : matching->steps;
    nl_canonical_digest(matching->words, at, count, digest);
    return memcmp(digest, token->text, token->len) == 0;
}

/* Hashes are quick to compare, but somebody could make another word with the same one. */
static bool is_same(const struct nl_wording *words, size_t at,
                    const struct nl_token_of_note *token) {
    return at < words->count && words->items[at].hash == token->hash &&
           words->items[at].len == token->len &&
           memcmp(nl_wording_at(words, at), token->text, token->len) == 0;
}

static bool is_link(const struct nl_wording *words, size_t at,
                    const struct nl_token_of_note *token) {
    if (at >= words->count || !words->items[at].link)
        return false;
    if (is_same(words, at, token))
        return true;
    const struct affixes affixes = affixes_of(token);
    const char *word = nl_wording_at(words, at);
    size_t len = words->items[at].len;
    return affixes.prefix_len > 0 && affixes.suffix_len > 0 &&
           len >= affixes.prefix_len + affixes.suffix_len && has_prefix(word, len, &affixes) &&
           has_suffix(word, len, &affixes);
}

static bool match_from(struct nl_matching *matching, const struct nl_passage *passage, size_t token,
                       size_t at, size_t *end);

/* How many words a value may have here: it does not go on in the next paragraph of the text. */
static size_t most_words(const struct nl_wording *words, size_t at) {
    size_t most = 0;
    uint32_t paragraph = at > 0 ? words->items[at - 1].paragraph : 0;
    if (at < words->count && (at == 0 || words->items[at].paragraph != paragraph))
        paragraph = words->items[at].paragraph;
    while (most < VALUE_WORDS && at + most < words->count &&
           words->items[at + most].paragraph == paragraph)
        most++;
    return most;
}

static bool take_value(struct nl_matching *matching, const struct nl_passage *passage, size_t token,
                       size_t at, size_t count, size_t *end) {
    const struct affixes affixes = affixes_of(&passage->tokens[token]);
    if (!is_value(matching->words, at, count, &affixes) ||
        !match_from(matching, passage, token + 1, at + count, end))
        return false;
    if (memmem(passage->tokens[token].text, passage->tokens[token].len, "://", 3) != NULL)
        return true; /* the token in an address is nothing to read */
    for (size_t i = at; i < at + count; i++)
        nl_buf_addf(&matching->personal, "%s%s", i > at ? " " : "",
                    nl_wording_at(matching->words, i));
    if (count > 0)
        nl_buf_addc(&matching->personal, '\0');
    return true;
}

/* At the end of a paragraph the value goes on to its end; elsewhere it is as short as can be. */
static bool match_value(struct nl_matching *matching, const struct nl_passage *passage,
                        size_t token, size_t at, size_t *end) {
    bool same = at > 0 && at < matching->words->count &&
                matching->words->items[at].paragraph == matching->words->items[at - 1].paragraph;
    size_t most = token == 0 || same ? most_words(matching->words, at) : 0;
    bool last = token + 1 == passage->count;
    if (last && most > 0 && most < VALUE_WORDS &&
        take_value(matching, passage, token, at, most, end))
        return true;
    for (size_t count = last ? 1 : 0; count <= most; count++)
        if (take_value(matching, passage, token, at, count, end))
            return true;
    return last && take_value(matching, passage, token, at, 0, end);
}

/* How many words the token takes here; -1 if it is not here. */
static long take_token(struct nl_matching *matching, const struct nl_token_of_note *wanted,
                       size_t at) {
    const struct nl_wording *words = matching->words;
    bool link = at < words->count && words->items[at].link;
    switch (wanted->kind) {
    case NL_TOKEN_WORD:
        return !link && is_same(words, at, wanted) ? 1 : -1;
    case NL_TOKEN_LINK:
        return !matching->links ? 0 : link && is_link(words, at, wanted) ? 1 : -1;
    case NL_TOKEN_LINKED:
        return !matching->links ? 0 : link && is_digest(matching, at, 1, wanted) ? 1 : -1;
    case NL_TOKEN_RUN:
        return is_digest(matching, at, wanted->count, wanted) ? (long)wanted->count : -1;
    default:
        return -1;
    }
}

/* Programs that make plain text add numbers of lists and the addresses of links. */
static bool is_added(const struct nl_matching *matching, const struct nl_passage *passage,
                     size_t at) {
    const struct nl_wording *words = matching->words;
    return !matching->links && at < words->count && !words->items[at].link &&
           (is_numbering(nl_wording_at(words, at)) ||
            is_link_of(passage, nl_wording_at(words, at)));
}

/* Whether the paragraph, from that token on, stands at that word. */
static bool match_from(struct nl_matching *matching, const struct nl_passage *passage, size_t token,
                       size_t at, size_t *end) {
    const struct nl_wording *words = matching->words;
    while (token < passage->count) {
        const struct nl_token_of_note *wanted = &passage->tokens[token];
        if (matching->steps == 0)
            return false;
        matching->steps--;
        if (wanted->kind == NL_TOKEN_SLOT)
            return match_value(matching, passage, token, at, end);
        long taken = take_token(matching, wanted, at);
        if (taken < 0 && (token == 0 || !is_added(matching, passage, at)))
            return false;
        token += taken >= 0;
        at += taken >= 0 ? (size_t)taken : 1;
    }
    /* Addresses at the end of a paragraph belong to it. */
    while (!matching->links && at < words->count && !words->items[at].link &&
           is_link_of(passage, nl_wording_at(words, at)))
        at++;
    *end = at;
    return true;
}

static bool is_free(const struct nl_matching *matching, size_t start, size_t end) {
    for (size_t i = start; i < end; i++)
        if (matching->taken[i])
            return false;
    return true;
}

static bool take(struct nl_matching *matching, size_t index, size_t start) {
    size_t end = start;
    size_t said = matching->personal.len;
    if (!match_from(matching, &matching->section->passages[index], 0, start, &end) ||
        end == start || !is_free(matching, start, end)) {
        matching->personal.len = said;
        return false;
    }
    matching->places[index] = (struct nl_place){start, end, true};
    for (size_t i = start; i < end; i++)
        matching->taken[i] = true;
    return true;
}

/* Looks in words [from, to). */
static bool look(struct nl_matching *matching, size_t index, size_t from, size_t to) {
    for (size_t at = from; at < to; at++)
        if (!matching->taken[at] && take(matching, index, at))
            return true;
    return false;
}

void nl_matching_gap(const struct nl_matching *matching, size_t index, size_t *from, size_t *to) {
    *from = 0;
    *to = matching->words->count;
    for (size_t i = index; i-- > 0;)
        if (matching->places[i].found) {
            *from = matching->places[i].end;
            break;
        }
    for (size_t i = index + 1; i < matching->section->count; i++)
        if (matching->places[i].found) {
            *to = matching->places[i].start;
            break;
        }
}

/* A number before a paragraph is its place in a list. */
static void take_numbering(struct nl_matching *matching, struct nl_place *place) {
    if (!place->found || matching->links || place->start == 0)
        return;
    size_t before = place->start - 1;
    if (!matching->taken[before] && is_numbering(nl_wording_at(matching->words, before))) {
        matching->taken[before] = true;
        place->start = before;
    }
}

void nl_matching_run(struct nl_matching *matching) {
    const struct nl_section *section = matching->section;
    size_t words = matching->words->count;
    size_t cursor = 0;
    matching->places = nl_calloc(section->count + 1, sizeof *matching->places);
    matching->taken = nl_calloc(words + 1, sizeof *matching->taken);
    matching->steps = STEPS;
    for (size_t i = 0; i < section->count; i++) {
        const struct nl_passage *passage = &section->passages[i];
        if (passage->kind == 'c' || passage->known < FEW)
            continue;
        if (look(matching, i, cursor, words) || look(matching, i, 0, cursor))
            cursor = matching->places[i].end;
    }
    for (size_t i = 0; i < section->count; i++) {
        size_t from = 0;
        size_t to = 0;
        if (matching->places[i].found)
            continue;
        nl_matching_gap(matching, i, &from, &to);
        bool few = section->passages[i].kind != 'c' && section->passages[i].known < FEW;
        bool begun = from > 0;
        if (few && begun && to > from + LOOK_FOR)
            to = from + LOOK_FOR;
        if (few && !begun && to > from + LOOK_FOR)
            from = to - LOOK_FOR;
        look(matching, i, from, to);
    }
    for (size_t i = 0; i < section->count; i++)
        take_numbering(matching, &matching->places[i]);
    for (size_t i = 0; i < section->count; i++)
        if (section->passages[i].kind == 'b') {
            matching->known += section->passages[i].known;
            matching->matched += matching->places[i].found ? section->passages[i].known : 0;
        }
}
