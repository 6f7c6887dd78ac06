#include "newsletter/base/text.h"
#include "resolve/lookup.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS = 16, LONGEST = 2048 /* bytes of a certificate or key that stands there itself */ };

void nl_answer_base(const struct ub_result *result, struct nl_mail_host *host) {
    const char *name = result->canonname;
    size_t len = name != NULL ? strlen(name) : 0;
    if (len > 0 && name[len - 1] == '.')
        len--;
    /* Escapes of other bytes begin with a backslash: such a name is not a host's. */
    if (len == 0 || len >= sizeof host->base || memchr(name, '\\', len) != NULL)
        return;
    for (size_t i = 0; i < len; i++)
        host->base[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    host->base[len] = '\0';
}

/* RFC 7672 section 3.1: of the usages, DANE-TA(2) and DANE-EE(3) can be used with SMTP. */
static bool is_usable(const unsigned char *data, size_t len) {
    if (len < 4 || (data[0] != 2 && data[0] != 3) || data[1] > 1 || data[2] > 2)
        return false;
    return data[2] == 0 ? len - 3 <= LONGEST : len - 3 == (data[2] == 1 ? 32 : 64);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "USAGE SELECTOR TYPE HEX" (RFC 6698 section 2.2) */
static char *line_of(const unsigned char *data, size_t len) {
    struct nl_buf line = {0};
    nl_buf_addf(&line, "%d %d %d ", data[0], data[1], data[2]);
    for (size_t i = 3; i < len; i++)
        nl_buf_addf(&line, "%02x", data[i]);
    return nl_buf_take(&line);
}

void nl_answer_tlsa(const struct ub_result *result, struct nl_mail_host *host) {
    char *lines[RECORDS];
    size_t count = 0;
    struct nl_buf text = {0};
    for (size_t i = 0; result->data[i] != NULL && count < RECORDS; i++) {
        const unsigned char *data = (const unsigned char *)result->data[i];
        if (!is_usable(data, (size_t)result->len[i]))
            continue;
        lines[count++] = line_of(data, (size_t)result->len[i]);
    }
    qsort(lines, count, sizeof lines[0], by_text);
    for (size_t i = 0; i < count; i++) {
        nl_buf_addf(&text, "%s\n", lines[i]);
        free(lines[i]);
    }
    host->tls = count > 0 ? NL_HOST_TLS_DANE : NL_HOST_TLS_ALWAYS;
    if (count > 0)
        host->tlsa = nl_buf_take(&text);
    nl_buf_free(&text);
}
