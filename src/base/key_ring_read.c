#include "newsletter/base/key_ring.h"

#include "base/key_ring_json.h"
#include "newsletter/base/file.h"
#include "newsletter/base/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 256 * 1024, LINE_LIMIT = 600 };

/* "SINCE UNTIL KEY", or "KEY". */
static bool read_line(char *line, struct nl_ring_key *out) {
    char *rest = NULL;
    char *words[3] = {0};
    size_t count = 0;
    *out = (struct nl_ring_key){0};
    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (count == 3)
            return false;
        words[count++] = word;
    }
    if (count == 1)
        return nl_verifier_parse(words[0], &out->verifier);
    return count == 3 && nl_timestamp_parse(words[0], &out->since) &&
           (strcmp(words[1], "-") == 0 || nl_timestamp_parse(words[1], &out->until)) &&
           nl_verifier_parse(words[2], &out->verifier);
}

static enum nl_status read_lines(const char *text, const char *path, struct nl_key_ring *out,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t number = 1;
    size_t len = 0;
    for (; status == NL_OK && *text != '\0'; text += len + (text[len] == '\n'), number++) {
        char line[LINE_LIMIT];
        struct nl_ring_key key;
        len = strcspn(text, "\n");
        size_t blank = strspn(text, " \t\r");
        if (blank >= len || text[0] == '#')
            continue;
        snprintf(line, sizeof line, "%.*s", (int)(len < LINE_LIMIT ? len : LINE_LIMIT - 1), text);
        if (!read_line(line, &key))
            return nl_error_set(err, NL_DATA, "%s:%zu: this line holds no public key", path,
                                number);
        status = nl_key_ring_add(out, &key, err);
    }
    return status;
}

enum nl_status nl_key_ring_parse(const char *text, const char *path, struct nl_key_ring *out,
                                 struct nl_error *err) {
    struct nl_ring_key key = {0};
    enum nl_status status = NL_OK;
    *out = (struct nl_key_ring){0};
    if (text[strspn(text, " \t\r\n")] == '{')
        status = nl_key_ring_read_json(text, path, out, err);
    else if (nl_public_key_from_pem(text, strlen(text), key.verifier.key))
        status = nl_key_ring_add(out, &key, err);
    else
        status = read_lines(text, path, out, err);
    if (status == NL_OK && out->count == 0)
        status = nl_error_set(err, NL_DATA, "%s holds no public key", path);
    if (status != NL_OK)
        nl_key_ring_free(out);
    return status;
}

enum nl_status nl_key_ring_read(const char *path, struct nl_key_ring *out, struct nl_error *err) {
    struct nl_buf text = {0};
    *out = (struct nl_key_ring){0};
    enum nl_status status = nl_file_read(path, FILE_LIMIT, &text, err);
    if (status == NL_OK)
        status = nl_key_ring_parse(nl_buf_text(&text), path, out, err);
    nl_buf_free(&text);
    return status;
}

enum nl_status nl_key_ring_read_if_any(const char *path, struct nl_key_ring *out, bool *found,
                                       struct nl_error *err) {
    *found = path != NULL && access(path, F_OK) == 0;
    return *found ? nl_key_ring_read(path, out, err) : NL_OK;
}
