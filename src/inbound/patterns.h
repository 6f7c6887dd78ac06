/* The table of patterns (patterns.txt), and what of it is found in a text. */
#ifndef NL_INBOUND_PATTERNS_H
#define NL_INBOUND_PATTERNS_H

#include "inbound/words.h"
#include "newsletter/inbound/judge.h"

/* The sorts of rules: what a line of a text may be, and at last why something failed. */
enum nl_sort {
    NL_SORT_DAEMON,     /* a sender of bounces */
    NL_SORT_SUBJECT,    /* the subject of a bounce */
    NL_SORT_ANSWER,     /* a subject that somebody wrote in answer */
    NL_SORT_AWAY,       /* the subject of an automatic reply */
    NL_SORT_DELAYED,    /* the mail is still being tried */
    NL_SORT_SUCCESS,    /* the mail arrived */
    NL_SORT_FINAL,      /* it is tried no more */
    NL_SORT_INTRO,      /* addresses that failed follow */
    NL_SORT_LABEL,      /* names an address that failed */
    NL_SORT_NOISE,      /* whatever addresses it names did not fail */
    NL_SORT_QUOTED,     /* names addresses of the mail that came back */
    NL_SORT_FRAME,      /* says only that another server said something */
    NL_SORT_AT_CONNECT, /* it failed before any address was named */
    NL_SORT_AT_MAIL,    /* it failed when the sender was named */
    NL_SORT_AT_DATA,    /* it failed when the message was sent */
    NL_SORT_END,        /* the report ends, the mail that came back begins */
    NL_SORT_WHY,
    NL_SORTS
};

/* Why something failed, as the table has it: bounds of its arrays. */
enum { NL_PARTS = 6 };

struct nl_reason {
    char name[24];
    bool hard;
    enum nl_fault fault;
};

struct nl_rule {
    enum nl_sort sort;
    unsigned line;                  /* of the table, to find it again */
    const struct nl_reason *reason; /* NL_SORT_WHY */
    enum nl_fault fault;
    unsigned parts[NL_PARTS];     /* sets of phrases that follow each other */
    unsigned char gaps[NL_PARTS]; /* words that may stand before each part */
    unsigned char count;          /* of parts; 0: status codes alone */
    bool certain;                 /* it holds whatever command was refused */
    bool weak;                    /* its words hardly say why */
    bool at_start, at_end;        /* of a line */
    char *codes; /* status codes of which one must be given, between commas; NULL for any */
};

/* A rule that was found in a text, and where: the places of its first and its last word. */
struct nl_match {
    unsigned rule, first, last;
};

/* The findings in one text. Zero-initialise it; free with nl_scan_free. Reused for many texts. */
struct nl_scan {
    struct nl_words words;
    unsigned *sorts; /* for each line a bit for each sort */
    size_t lines, lines_cap;
    struct nl_match *matches; /* of NL_SORT_WHY, in the order in which they begin */
    size_t count, cap;
    struct nl_hit *hits;
    size_t hits_count, hits_cap;
    size_t *first_hit; /* of each word */
    size_t first_cap;
};

/* Finds everything in a text, each word once however many addresses it names. Counts the work in
 * *steps and stops when that reaches `limit`. */
void nl_scan_text(const struct nl_bounce_reader *reader, const char *text, size_t len, size_t lines,
                  struct nl_scan *out, size_t *steps, size_t limit);
void nl_scan_free(struct nl_scan *scan);

/* Whether a line of the text is of that sort. */
bool nl_scan_is(const struct nl_scan *scan, size_t line, enum nl_sort sort);

/* The first rule of the table that holds for the bytes first..last of the text and for a status
 * code ("" for none), or NULL. `scan` may be NULL. */
const struct nl_rule *nl_scan_why(const struct nl_bounce_reader *reader, const struct nl_scan *scan,
                                  size_t first, size_t last, const char *status, size_t *steps);

/* The table's row for a reason, by its name; NULL if there is none. */
const struct nl_reason *nl_reader_reason(const struct nl_bounce_reader *reader, const char *name);

/* Memory that a reader reuses from one message to the next. */
struct nl_scan *nl_reader_scan(const struct nl_bounce_reader *reader, size_t which);

#endif
