#include "web/request_head.h"

#include <string.h>
#include <strings.h>

/* The lines of one header field, in their order: a proxy may add a line of its own. */
struct header {
    const char *name;
    struct nl_buf *out;
};

static enum MHD_Result join_lines(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    const struct header *header = ctx;
    (void)kind;
    if (value != NULL && strcasecmp(name, header->name) == 0)
        nl_buf_addf(header->out, "%s%s", header->out->len > 0 ? ", " : "", value);
    return MHD_YES;
}

struct lengths {
    int lengths, encodings;
    bool bad;
};

void nl_request_find_client(struct nl_request *request, const struct nl_networks *trusted) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct nl_ip peer = {0};
    struct nl_buf named = {0};
    struct header lines = {.name = "X-Forwarded-For", .out = &named};
    if (info != NULL)
        nl_ip_of(info->client_addr, &peer);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, join_lines, &lines);
    if (named.len == 0) {
        struct nl_buf forwarded = {0};
        lines = (struct header){.name = "Forwarded", .out = &forwarded};
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, join_lines, &lines);
        nl_forwarded_for(nl_buf_text(&forwarded), &named);
        nl_buf_free(&forwarded);
    }
    request->client = nl_networks_client(trusted, &peer, nl_buf_text(&named));
    nl_buf_free(&named);
}

/* Lengths that two parties may read in two ways let one request hide within another (RFC 9112
 * section 11.2): what follows would be taken for a request of its own. */
static enum MHD_Result count_lengths(void *ctx, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    struct lengths *lengths = ctx;
    (void)kind;
    if (name[0] == '\0' || name[strcspn(name, " \t\r\n:")] != '\0')
        lengths->bad = true;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        lengths->encodings++;
        lengths->bad = lengths->bad || value == NULL || strcasecmp(value, "chunked") != 0;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        lengths->lengths++;
        lengths->bad = lengths->bad || value == NULL || value[0] == '\0' ||
                       value[strspn(value, "0123456789")] != '\0';
    }
    return MHD_YES;
}

bool nl_request_is_ambiguous(struct MHD_Connection *connection) {
    struct lengths lengths = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_lengths, &lengths);
    return lengths.bad || lengths.lengths + lengths.encodings > 1;
}
