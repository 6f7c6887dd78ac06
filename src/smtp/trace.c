#include "smtp/trace.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { TEXT_LIMIT = 500 };

static void add_printable(struct nl_buf *line, const char *text, size_t len) {
    for (size_t i = 0; i < len && i < TEXT_LIMIT; i++)
        nl_buf_addc(line, (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7f ? text[i]
                                                                                          : '?');
}

static bool is_traced(const struct nl_transport *transport) {
    return nl_relay_trace(transport->health.relay)->line != NULL;
}

static void add_time(struct nl_buf *line) {
    struct timespec now = {0};
    struct tm utc = {0};
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    nl_buf_addf(line, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

void nl_trace(const struct nl_transport *transport, const struct connection *connection,
              const char *format, ...) {
    const struct nl_relay *relay = transport->health.relay;
    const struct nl_relay_trace *trace = nl_relay_trace(relay);
    struct nl_buf line = {0};
    char text[2 * TEXT_LIMIT];
    va_list args;
    if (trace->line == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_time(&line);
    nl_buf_addf(&line, " smtp %zu %s ", (size_t)(connection - transport->connections) + 1,
                nl_relay_name(relay, connection->host));
    add_printable(&line, text, strlen(text));
    trace->line(nl_buf_text(&line), trace->ctx);
    nl_buf_free(&line);
}

/* ---- libcurl's part ---- */

/* During AUTH only the name of the mechanism is shown. */
static void trace_login_command(const struct nl_transport *transport,
                                const struct connection *connection, const char *line, size_t len) {
    size_t shown = 0;
    if (len > 5 && strncasecmp(line, "AUTH ", 5) == 0)
        for (shown = 5; shown < len && line[shown] != ' ';)
            shown++;
    nl_trace(transport, connection, "AUTH > %.*s%s", (int)shown, line,
             shown == 0    ? "(hidden)"
             : shown < len ? " (hidden)"
                           : "");
}

/* A server may repeat in its reply what we have sent: its text is not shown. */
static void trace_login_reply(const struct nl_transport *transport,
                              const struct connection *connection, const char *line, size_t len) {
    char status[12] = "";
    if (len > 4)
        nl_reply_status(line + 4, len - 4, status);
    nl_trace(transport, connection, "AUTH < %.*s %s%s(hidden)", (int)(len < 3 ? len : 3), line,
             status, status[0] != '\0' ? " " : "");
}

static void trace_line(const struct nl_transport *transport, const struct connection *connection,
                       curl_infotype type, const char *line, size_t len) {
    bool login = connection->stage == NL_STAGE_AUTH;
    if (type == CURLINFO_HEADER_OUT && login)
        trace_login_command(transport, connection, line, len);
    else if (type == CURLINFO_HEADER_IN && login)
        trace_login_reply(transport, connection, line, len);
    else if (type == CURLINFO_TEXT && !login)
        nl_trace(transport, connection, "%s * %.*s", nl_stage_name(connection->stage), (int)len,
                 line);
    else if (type == CURLINFO_HEADER_OUT || type == CURLINFO_HEADER_IN)
        nl_trace(transport, connection, "%s %c %.*s", nl_stage_name(connection->stage),
                 type == CURLINFO_HEADER_OUT ? '>' : '<', (int)len, line);
}

void nl_trace_dialogue(const struct nl_transport *transport, const struct connection *connection,
                       curl_infotype type, const char *data, size_t len) {
    if (!is_traced(transport))
        return;
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t whole = end != NULL ? (size_t)(end - data) + 1 : len;
        size_t shown = whole;
        while (shown > 0 && isspace((unsigned char)data[shown - 1]))
            shown--;
        if (shown > 0)
            trace_line(transport, connection, type, data, shown);
        data += whole;
        len -= whole;
    }
}

/* ---- our part ---- */

static void observe(const struct nl_session *session, enum nl_stage before, void *ctx) {
    const struct connection *connection = ctx;
    nl_trace(connection->transport, connection, "%s -> %s: %d %s%s%s", nl_stage_name(before),
             nl_stage_name(session->stage), session->reply.code, session->reply.status,
             session->reply.status[0] != '\0' ? " " : "", nl_buf_text(&session->reply.text));
}

void nl_trace_session(struct connection *connection) {
    bool traced = is_traced(connection->transport);
    connection->session.observe = traced ? observe : NULL;
    connection->session.observe_ctx = connection;
}
