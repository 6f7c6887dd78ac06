#include "inbound/vocabulary.h"

#include <stdlib.h>
#include <string.h>

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

struct nl_vocabulary *nl_vocabulary_new(void) {
    return calloc(1, sizeof(struct nl_vocabulary));
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
    if (vocabulary->count > NL_VOCABULARY_SLOTS / 2 || (entry->text = strndup(word, len)) == NULL)
        return NULL;
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

int nl_vocabulary_add(struct nl_vocabulary *vocabulary, const char *word, size_t len,
                      unsigned short ids[NL_VOCABULARY_MEANINGS]) {
    const struct nl_entry *known = &vocabulary->table[nl_vocabulary_place(
        vocabulary, nl_vocabulary_digest(word, len), word, len, false)];
    if (known->drop)
        return 0;
    int count = 0;
    for (; count < NL_VOCABULARY_OTHERS && known->others[count] != NULL; count++)
        if (identify(vocabulary, known->others[count], strlen(known->others[count]), &ids[count]) <
            0)
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
        if ((entry->others[count++] = strndup(others, len)) == NULL)
            return false;
        others += len + strspn(others + len, " ");
    }
    return entry != NULL;
}
