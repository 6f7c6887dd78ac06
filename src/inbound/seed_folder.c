#include "inbound/seed_folder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A folder as one line names it. */
struct listed {
    char name[NL_SEED_FOLDER];
    char separator; /* '\0': none */
    bool junk, skipped;
};

static bool has_flag(const char *flags, size_t len, const char *flag) {
    size_t own = strlen(flag);
    for (size_t at = 0; at + own <= len; at++) {
        char after = at + own < len ? flags[at + own] : ' ';
        if (strncasecmp(flags + at, flag, own) == 0 && (after == ' ' || after == ')'))
            return true;
    }
    return false;
}

/* A quoted string, or an atom. Names are ASCII (RFC 3501 section 5.1.3); false for others, and for
 * one that is too long. */
static bool read_string(const char **at, const char *end, char *out, size_t size) {
    size_t len = 0;
    bool quoted = *at < end && **at == '"';
    for (*at += quoted; *at < end && (quoted ? **at != '"' : **at != ' ' && **at != '\r'); ++*at) {
        if (quoted && **at == '\\' && *at + 1 < end)
            ++*at;
        if (len + 1 == size || **at < ' ' || **at > '~')
            return false;
        out[len++] = **at;
    }
    out[len] = '\0';
    *at += quoted && *at < end;
    return len > 0;
}

/* "* LIST (\HasNoChildren \Junk) "/" Spam" */
static bool read_line(const char *at, const char *end, struct listed *out) {
    static const char start[] = "* LIST (";
    char separator[8];
    *out = (struct listed){0};
    if ((size_t)(end - at) < sizeof start || strncasecmp(at, start, sizeof start - 1) != 0)
        return false;
    at += sizeof start - 1;
    const char *close = memchr(at, ')', (size_t)(end - at));
    if (close == NULL)
        return false;
    size_t len = (size_t)(close - at);
    out->junk = has_flag(at, len, "\\Junk") || has_flag(at, len, "\\Trash");
    out->skipped = has_flag(at, len, "\\Noselect") || has_flag(at, len, "\\NonExistent") ||
                   has_flag(at, len, "\\All") || has_flag(at, len, "\\Flagged") ||
                   has_flag(at, len, "\\Important") || has_flag(at, len, "\\Sent") ||
                   has_flag(at, len, "\\Drafts");
    for (at = close + 1; at < end && *at == ' ';)
        at++;
    if (!read_string(&at, end, separator, sizeof separator))
        return false;
    out->separator = separator[1] == '\0' ? separator[0] : '\0';
    while (at < end && *at == ' ')
        at++;
    return read_string(&at, end, out->name, sizeof out->name);
}

/* Names that mail programs and providers give the folder for junk, as IMAP writes them. */
static bool has_usual_name(const struct listed *folder) {
    static const char *const names[] = {"junk",
                                        "spam",
                                        "junk e-mail",
                                        "junk mail",
                                        "junk email",
                                        "junk-e-mail",
                                        "bulk",
                                        "bulk mail",
                                        "spamverdacht",
                                        "unwanted",
                                        "quarantine",
                                        "courrier ind&AOk-sirable",
                                        "correo no deseado"};
    const char *last = folder->separator != '\0' ? strrchr(folder->name, folder->separator) : NULL;
    const char *name = last != NULL ? last + 1 : folder->name;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static void add(struct nl_seed_folders *out, const char *name, enum nl_seed_place place) {
    if (out->count == NL_SEED_FOLDERS)
        return;
    struct nl_seed_folder *folder = &out->items[out->count++];
    snprintf(folder->name, sizeof folder->name, "%s", name);
    folder->place = place;
}

/* Adds the folders of one kind. */
static void add_kind(const char *answer, enum nl_seed_place place, struct nl_seed_folders *out) {
    const char *at = answer;
    while (*at != '\0') {
        struct listed folder;
        const char *end = at + strcspn(at, "\n");
        if (read_line(at, end, &folder) && !folder.skipped &&
            strcasecmp(folder.name, "INBOX") != 0) {
            bool junk = folder.junk || has_usual_name(&folder);
            if (junk == (place == NL_SEED_JUNK))
                add(out, folder.name, place);
        }
        at = *end != '\0' ? end + 1 : end;
    }
}

void nl_seed_folders_read(const char *answer, struct nl_seed_folders *out) {
    *out = (struct nl_seed_folders){0};
    add(out, "INBOX", NL_SEED_INBOX);
    add_kind(answer, NL_SEED_JUNK, out);
    add_kind(answer, NL_SEED_ELSEWHERE, out);
}
