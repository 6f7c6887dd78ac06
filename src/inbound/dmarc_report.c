/* DMARC aggregate reports: XML as in RFC 9990 appendix A and, before it, in RFC 7489 appendix C. */
#include "inbound/aggregate.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH = 16, PATH = 256, VALUE = 512, AGAIN = 1 << 20, PIECE = 128 << 10 };

static const int64_t year_2100 = 4102444800;

static const char root[] = "feedback";

/* A report while libxml2 goes through it. */
struct reading {
    xmlParserCtxtPtr parser;
    struct nl_reputation_report *report;
    bool begun;         /* the document is a report */
    char problem[128];  /* "" so far */
    char path[PATH];    /* "feedback/record/row" */
    size_t ends[DEPTH]; /* lengths of the path, one for each element */
    size_t depth;
    char value[VALUE]; /* text of the element that began last */
    size_t value_len;
    size_t records;
    char reporter[VALUE], identifier[VALUE];
    char begin[VALUE], end[VALUE];
    char domain[VALUE]; /* of the policy, for a record that names none */
    char source[VALUE], count[VALUE], from[VALUE], spf[VALUE], dkim[VALUE]; /* of the record */
};

static void stop(struct reading *reading, const char *problem) {
    if (reading->problem[0] == '\0')
        snprintf(reading->problem, sizeof reading->problem, "%s", problem);
    xmlStopParser(reading->parser);
}

/* ---- values ---- */

static const struct {
    const char *path;
    size_t offset;
} wanted[] = {
    {"feedback/report_metadata/org_name", offsetof(struct reading, reporter)},
    {"feedback/report_metadata/report_id", offsetof(struct reading, identifier)},
    {"feedback/report_metadata/date_range/begin", offsetof(struct reading, begin)},
    {"feedback/report_metadata/date_range/end", offsetof(struct reading, end)},
    {"feedback/policy_published/domain", offsetof(struct reading, domain)},
    {"feedback/record/row/source_ip", offsetof(struct reading, source)},
    {"feedback/record/row/count", offsetof(struct reading, count)},
    {"feedback/record/row/policy_evaluated/spf", offsetof(struct reading, spf)},
    {"feedback/record/row/policy_evaluated/dkim", offsetof(struct reading, dkim)},
    {"feedback/record/identifiers/header_from", offsetof(struct reading, from)},
};

/* Copies the element's text without white space around it; the first of a name counts. */
static void keep_value(struct reading *reading) {
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char *to = (char *)reading + wanted[i].offset;
        if (strcmp(reading->path, wanted[i].path) != 0 || to[0] != '\0')
            continue;
        const char *from = reading->value + strspn(reading->value, " \t\r\n");
        size_t len = strlen(from);
        while (len > 0 && isspace((unsigned char)from[len - 1]))
            len--;
        memcpy(to, from, len);
        to[len] = '\0';
    }
}

static void add_record(struct reading *reading) {
    struct nl_reputation_row row = {.reason = ""};
    const char *from = reading->from[0] != '\0' ? reading->from : reading->domain;
    struct nl_ip ip;
    if (++reading->records > NL_AGGREGATE_RECORDS)
        stop(reading, "it has too many records");
    else if (!nl_text_integer(reading->count, &row.total) || row.total < 0 ||
             row.total > NL_AGGREGATE_COUNT)
        stop(reading, "a count is not a number of messages");
    if (reading->problem[0] != '\0')
        return;
    row.spf = strcasecmp(reading->spf, "pass") == 0 ? row.total : 0;
    row.dkim = strcasecmp(reading->dkim, "pass") == 0 ? row.total : 0;
    row.passed = row.spf > 0 || row.dkim > 0 ? row.total : 0;
    if (nl_ip_parse(reading->source, &ip))
        nl_ip_text(&ip, row.source);
    snprintf(row.domain, sizeof row.domain, "%.253s", from);
    nl_aggregate_add(reading->report, &row);
    reading->source[0] = reading->count[0] = reading->from[0] = '\0';
    reading->spf[0] = reading->dkim[0] = '\0';
}

/* ---- libxml2's calls ---- */

/* Reports have no document type, and entities are declared in one: neither bombs nor files of ours
 * come in by them. This is called before any declaration is read. */
static void on_document_type(void *ctx, const xmlChar *name, const xmlChar *external,
                             const xmlChar *system) {
    struct reading *reading = ctx;
    (void)external;
    (void)system;
    reading->begun = name != NULL && strcmp((const char *)name, root) == 0;
    stop(reading, "it declares a document type, which no report needs");
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces, const xmlChar **declared, int attributes, int defaulted,
                     const xmlChar **values) {
    struct reading *reading = ctx;
    size_t len = reading->depth > 0 ? reading->ends[reading->depth - 1] : 0;
    (void)prefix;
    (void)uri;
    (void)namespaces;
    (void)declared;
    (void)attributes;
    (void)defaulted;
    (void)values;
    int added =
        snprintf(reading->path + len, PATH - len, "%s%s", len > 0 ? "/" : "", (const char *)name);
    if (reading->depth == 0)
        reading->begun = strcmp((const char *)name, root) == 0;
    if (!reading->begun || reading->depth == DEPTH || added < 0 || (size_t)added >= PATH - len) {
        stop(reading, "its elements are nested too deep");
        return;
    }
    reading->ends[reading->depth++] = len + (size_t)added;
    reading->value[0] = '\0';
    reading->value_len = 0;
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    struct reading *reading = ctx;
    (void)name;
    (void)prefix;
    (void)uri;
    if (reading->depth == 0)
        return;
    keep_value(reading);
    if (strcmp(reading->path, "feedback/record") == 0)
        add_record(reading);
    reading->depth--;
    reading->path[reading->depth > 0 ? reading->ends[reading->depth - 1] : 0] = '\0';
    reading->value[0] = '\0';
    reading->value_len = 0;
}

/* A text that is longer than any value of a report is cut off. */
static void on_text(void *ctx, const xmlChar *text, int len) {
    struct reading *reading = ctx;
    for (int i = 0; i < len && reading->value_len + 1 < VALUE; i++)
        reading->value[reading->value_len++] = (char)text[i];
    reading->value[reading->value_len] = '\0';
}

static void on_error(void *ctx, xmlErrorPtr error) {
    (void)ctx;
    (void)error;
}

static const xmlSAXHandler calls = {.initialized = XML_SAX2_MAGIC,
                                    .internalSubset = on_document_type,
                                    .startElementNs = on_start,
                                    .endElementNs = on_end,
                                    .characters = on_text,
                                    .cdataBlock = on_text,
                                    .serror = on_error};

/* ---- the report as a whole ---- */

static enum nl_status finish(struct reading *reading, struct nl_error *err) {
    int64_t begin = 0;
    int64_t end = 0;
    if (reading->problem[0] != '\0')
        return nl_error_set(err, NL_DATA, "%s", reading->problem);
    if (!reading->parser->wellFormed)
        return nl_error_set(err, NL_DATA, "it is not well-formed XML in line %d",
                            reading->parser->lastError.line);
    if (!nl_text_integer(reading->begin, &begin) || !nl_text_integer(reading->end, &end) ||
        begin <= 0 || end < begin || end > year_2100)
        return nl_error_set(err, NL_DATA, "it does not say what time it is about");
    if (reading->identifier[0] == '\0')
        return nl_error_set(err, NL_DATA, "it has no report_id");
    reading->report->begin = begin;
    nl_aggregate_name(reading->report, reading->reporter, reading->identifier);
    nl_aggregate_sort(reading->report);
    return NL_OK;
}

/* Whether the text is not in the charset that it says: such a report is read as ISO-8859-1, in
 * which every byte is a character, since all that counts in it is ASCII. */
static bool has_wrong_charset(const struct reading *reading) {
    int code = reading->parser->lastError.code;
    return reading->problem[0] == '\0' && !reading->parser->wellFormed &&
           (code == XML_ERR_INVALID_ENCODING || code == XML_ERR_UNSUPPORTED_ENCODING ||
            code == XML_ERR_UNKNOWN_ENCODING || code == XML_ERR_INVALID_CHAR ||
            code == XML_I18N_CONV_FAILED);
}

/* In pieces, since libxml2 goes on within a piece after an error, at a cost for each further one.
 */
static void feed(struct reading *reading, const char *text, size_t len) {
    for (size_t at = 0; at < len && reading->parser->wellFormed && reading->problem[0] == '\0';) {
        size_t piece = len - at < PIECE ? len - at : PIECE;
        at += piece;
        xmlParseChunk(reading->parser, text + at - piece, (int)piece, at == len);
    }
}

static bool open_parser(struct reading *reading, bool latin) {
    xmlSAXHandler sax = calls; /* libxml2 copies it */
    /* Faults of a charset belong to no parser: libxml2 would print them. */
    xmlSetStructuredErrorFunc(NULL, on_error);
    reading->parser = xmlCreatePushParserCtxt(&sax, reading, NULL, 0, NULL);
    if (reading->parser == NULL ||
        (latin && xmlCtxtResetPush(reading->parser, NULL, 0, NULL, "ISO-8859-1") != 0))
        return false;
    xmlCtxtUseOptions(reading->parser, XML_PARSE_NONET | (latin ? XML_PARSE_IGNORE_ENC : 0));
    return true;
}

static enum nl_status parse(const char *text, size_t len, bool latin, bool *again,
                            struct nl_reputation_report **out, struct nl_error *err) {
    struct reading *reading = nl_calloc(1, sizeof *reading);
    enum nl_status status = nl_aggregate_new(NL_REPUTATION_DMARC, &reading->report, err);
    if (status == NL_OK && !open_parser(reading, latin))
        status = nl_error_nomem(err);
    if (status == NL_OK) {
        feed(reading, text, len);
        *again = !latin && has_wrong_charset(reading);
        if (reading->begun && !*again)
            status = finish(reading, err);
        if (status == NL_OK && reading->begun && !*again) {
            *out = reading->report;
            reading->report = NULL;
        }
    }
    if (reading != NULL) {
        xmlFreeParserCtxt(reading->parser);
        nl_aggregate_free(reading->report);
    }
    free(reading);
    return status;
}

enum nl_status nl_dmarc_report_read(const char *text, size_t len, struct nl_reputation_report **out,
                                    struct nl_error *err) {
    bool again = false;
    *out = NULL;
    if (len == 0)
        return NL_OK;
    enum nl_status status = parse(text, len, false, &again, out, err);
    /* Not for a text that was made to cost twice as much as the largest report. */
    if (status == NL_OK && again && len > AGAIN)
        return nl_error_set(err, NL_DATA, "it is not in the charset that it says");
    if (status == NL_OK && again)
        status = parse(text, len, true, &again, out, err);
    return status;
}
