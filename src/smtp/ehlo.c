#include "smtp/ehlo.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* RFC 1870 section 3: the limit may be absent; 0 means none. */
static void note_size(struct nl_extensions *offered, const char *text, size_t len) {
    offered->size = true;
    offered->size_limit = 0;
    for (size_t i = 0; i < len && offered->size_limit < SIZE_MAX / 20; i++)
        if (text[i] >= '0' && text[i] <= '9')
            offered->size_limit = 10 * offered->size_limit + (size_t)(text[i] - '0');
}

/* Whether a line has this word and no longer one: the first line of a reply to EHLO is the name of
 * the server, which may begin like an extension. */
static bool has_word(const char *line, size_t len, const char *word) {
    size_t end = strlen(word);
    return len >= end && strncasecmp(line, word, end) == 0 &&
           (len == end || strchr(" \r\n", line[end]) != NULL);
}

void nl_ehlo_note(struct nl_extensions *offered, const char *line, size_t len) {
    if (has_word(line, len, "PIPELINING"))
        offered->pipelining = true;
    else if (has_word(line, len, "CHUNKING"))
        offered->chunking = true;
    else if (has_word(line, len, "SMTPUTF8"))
        offered->smtputf8 = true;
    else if (has_word(line, len, "8BITMIME"))
        offered->eightbit = true;
    else if (has_word(line, len, "SIZE"))
        note_size(offered, line + 4, len - 4);
}

bool nl_ehlo_is_permanent(CURLcode code, int reply) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return true;
    case CURLE_USE_SSL_FAILED:
    case CURLE_LOGIN_DENIED:
        return reply / 100 != 4;
    default:
        return reply / 100 == 5;
    }
}

const char *nl_ehlo_advice(CURLcode code) {
    switch (code) {
    case CURLE_SSL_CACERT_BADFILE:
        return ": smtp.ca_file cannot be read as certificates (PEM)";
    case CURLE_USE_SSL_FAILED:
        return ": it refuses STARTTLS: check smtp.port and smtp.security";
    case CURLE_LOGIN_DENIED:
        return ": it refuses the login for now";
    case CURLE_COULDNT_RESOLVE_HOST:
        return ": check smtp.host";
    case CURLE_COULDNT_CONNECT:
        return ": check smtp.host and smtp.port, and that the server runs";
    default:
        return "";
    }
}
