#include "inbound/vocabulary.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

/* How many words may have identifiers. */
enum { IDS = 60000 };

unsigned nl_vocabulary_digest(const char *text, size_t len) {
    unsigned digest = NL_VOCABULARY_BASIS;
    for (size_t i = 0; i < len; i++)
        digest = nl_vocabulary_mix(digest, text[i]);
    return digest;
}

bool nl_vocabulary_is_sign(ucs4_t c) {
    return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) ||
           (c >= 0xAC00 && c <= 0xD7AF);
}

/* Letters with a stroke or of two, which Unicode does not take apart. */
static const char *plain_letter(ucs4_t c) {
    static const struct {
        ucs4_t letter;
        const char *plain;
    } letters[] = {{0xDF, "ss"}, {0xE6, "ae"}, {0xF8, "o"},  {0x111, "d"},
                   {0x131, "i"}, {0x142, "l"}, {0x153, "oe"}};
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].letter == c)
            return letters[i].plain;
    return NULL;
}

size_t nl_vocabulary_letter(ucs4_t c, char out[NL_VOCABULARY_LETTER]) {
    ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
    bool mark = c >= 0x300 && c <= 0x36F;
    bool alphabet = c < 0x530 || (c >= 0x1E00 && c <= 0x1FFF);
    c = uc_tolower(c);
    const char *plain = alphabet ? plain_letter(c) : NULL;
    if (plain != NULL || mark) {
        size_t len = mark ? 0 : strlen(plain);
        memcpy(out, mark ? "" : plain, len);
        return len;
    }
    /* The first part may have parts itself. */
    while (alphabet && uc_canonical_decomposition(c, parts) > 1)
        c = parts[0];
    int written = u8_uctomb((uint8_t *)out, c, NL_VOCABULARY_LETTER);
    return written > 0 ? (size_t)written : 0;
}

void nl_vocabulary_fold(char *text) {
    size_t at = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        ucs4_t c = (unsigned char)text[i];
        int size = c < 0x80 ? 1 : u8_mbtouc(&c, (const uint8_t *)text + i, len - i);
        char letter[NL_VOCABULARY_LETTER];
        size_t written = c < 0x80 ? 1 : nl_vocabulary_letter(c, letter);
        if (c < 0x80)
            letter[0] = text[i];
        memcpy(text + at, letter, written < (size_t)size ? written : (size_t)size);
        at += written < (size_t)size ? written : (size_t)size;
        i += (size_t)size;
    }
    text[at] = '\0';
}

struct nl_vocabulary *nl_vocabulary_new(void) {
    return nl_calloc(1, sizeof(struct nl_vocabulary));
}

void nl_vocabulary_free(struct nl_vocabulary *vocabulary) {
    for (size_t i = 0; vocabulary != NULL && i < NL_VOCABULARY_SLOTS; i++) {
        free(vocabulary->table[i].text);
        for (size_t j = 0; j < NL_VOCABULARY_OTHERS; j++)
            free(vocabulary->table[i].others[j]);
    }
    free(vocabulary);
}

size_t nl_vocabulary_place(const struct nl_vocabulary *vocabulary, unsigned digest,
                           const char *text, size_t len, bool begins) {
    size_t at = (digest + (begins ? 977u : 0u)) % NL_VOCABULARY_SLOTS;
    for (; vocabulary->table[at].text != NULL; at = (at + 1) % NL_VOCABULARY_SLOTS) {
        const struct nl_entry *entry = &vocabulary->table[at];
        if (entry->begins == begins && strncmp(entry->text, text, len) == 0 &&
            entry->text[len] == '\0')
            break;
    }
    return at;
}

static struct nl_entry *add(struct nl_vocabulary *vocabulary, const char *word, size_t len) {
    bool begins = len > 1 && word[len - 1] == '*';
    len -= begins ? 1 : 0;
    unsigned digest = nl_vocabulary_digest(word, len);
    struct nl_entry *entry =
        &vocabulary->table[nl_vocabulary_place(vocabulary, digest, word, len, begins)];
    if (entry->text != NULL)
        return entry;
    if (vocabulary->count > NL_VOCABULARY_SLOTS / 2)
        return NULL;
    entry->text = nl_strndup(word, len);
    entry->begins = begins;
    vocabulary->count++;
    if (begins)
        vocabulary->beginnings[digest % NL_VOCABULARY_SLOTS] = 1;
    return entry;
}

static int identify(struct nl_vocabulary *vocabulary, const char *word, size_t len,
                    unsigned short *id) {
    struct nl_entry *entry = add(vocabulary, word, len);
    if (entry == NULL || vocabulary->next == IDS)
        return -1;
    if (entry->id == 0)
        entry->id = ++vocabulary->next;
    *id = entry->id;
    return 1;
}

/* The entry that says what a word stands for: its own, or that of the longest beginning which has
 * one. NULL for a word that stands for itself. */
static const struct nl_entry *meaning_of(const struct nl_vocabulary *vocabulary, const char *word,
                                         size_t len) {
    const struct nl_entry *found = NULL;
    unsigned digest = NL_VOCABULARY_BASIS;
    bool begins = len > 1 && word[len - 1] == '*';
    len -= begins ? 1 : 0;
    for (size_t i = 0; i < len; i++) {
        digest = nl_vocabulary_mix(digest, word[i]);
        if (i + 1 < NL_VOCABULARY_SHORTEST || !vocabulary->beginnings[digest % NL_VOCABULARY_SLOTS])
            continue;
        const struct nl_entry *entry =
            &vocabulary->table[nl_vocabulary_place(vocabulary, digest, word, i + 1, true)];
        if (entry->others[0] != NULL)
            found = entry;
    }
    const struct nl_entry *exact =
        &vocabulary->table[nl_vocabulary_place(vocabulary, digest, word, len, false)];
    return !begins && exact->others[0] != NULL ? exact : found;
}

int nl_vocabulary_add(struct nl_vocabulary *vocabulary, const char *word, size_t len,
                      unsigned short ids[NL_VOCABULARY_MEANINGS]) {
    const struct nl_entry *known = &vocabulary->table[nl_vocabulary_place(
        vocabulary, nl_vocabulary_digest(word, len), word, len, false)];
    if (known->drop)
        return 0;
    const struct nl_entry *meaning = meaning_of(vocabulary, word, len);
    int count = 0;
    for (; meaning != NULL && count < NL_VOCABULARY_OTHERS && meaning->others[count] != NULL;
         count++)
        if (identify(vocabulary, meaning->others[count], strlen(meaning->others[count]),
                     &ids[count]) < 0)
            return -1;
    /* Signs are words by themselves. */
    ucs4_t sign = 0;
    size_t at = 0;
    while (count < NL_VOCABULARY_MEANINGS && at < len && (unsigned char)word[at] >= 0x80) {
        int size = u8_mbtouc(&sign, (const uint8_t *)word + at, len - at);
        if (!nl_vocabulary_is_sign(sign) ||
            identify(vocabulary, word + at, (size_t)size, &ids[count]) < 0)
            break;
        at += (size_t)size;
        count++;
    }
    return count > 0 ? count : identify(vocabulary, word, len, &ids[0]);
}

bool nl_vocabulary_drop(struct nl_vocabulary *vocabulary, const char *word) {
    struct nl_entry *entry = add(vocabulary, word, strlen(word));
    return entry != NULL && (entry->drop = true);
}

bool nl_vocabulary_keep(struct nl_vocabulary *vocabulary, const char *word) {
    struct nl_entry *entry = add(vocabulary, word, strlen(word));
    return entry != NULL && (entry->keep = true);
}

bool nl_vocabulary_same(struct nl_vocabulary *vocabulary, const char *word, const char *others) {
    struct nl_entry *entry = add(vocabulary, word, strlen(word));
    size_t count = 0;
    while (entry != NULL && *others != '\0' && count < NL_VOCABULARY_OTHERS) {
        size_t len = strcspn(others, " ");
        entry->others[count++] = nl_strndup(others, len);
        others += len + strspn(others + len, " ");
    }
    return entry != NULL;
}
