/* Why a delivery failed, whose fault that is, and what it says of the address. This one function
 * judges replies during SMTP and bounces, from the table inbound/patterns.txt. */
#ifndef NEWSLETTER_INBOUND_JUDGE_H
#define NEWSLETTER_INBOUND_JUDGE_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The compiled table, with what it keeps from one text to the next: for one thread at a time. */
struct nl_bounce_reader;

/* Takes the table of patterns into use (about 10 ms). Free with nl_bounce_reader_free. */
NL_CHECKED enum nl_status nl_bounce_reader_new(struct nl_bounce_reader **out,
                                               struct nl_error *err) NL_ALL_NONNULL;
void nl_bounce_reader_free(struct nl_bounce_reader *reader);

/* The party that has to act before a delivery of this kind can succeed. */
enum nl_fault {
    NL_FAULT_NONE,
    NL_FAULT_RECIPIENT, /* the address, its mailbox or its owner: others are not concerned */
    NL_FAULT_SENDER,    /* we: our address, domain, network, login, signature, rate or reputation */
    NL_FAULT_RELAY,     /* the server that was asked, as a whole: it is down, full or closing */
    NL_FAULT_NETWORK,   /* the way between that server and the recipient: DNS, connections, loops */
    NL_FAULT_CONTENT,   /* this message: its size, form or text */
};

/* The command that a reply answers. */
enum nl_judge_stage {
    NL_JUDGE_CONNECT, /* the greeting, EHLO, STARTTLS or AUTH */
    NL_JUDGE_MAIL,
    NL_JUDGE_RCPT,
    NL_JUDGE_DATA,
    NL_JUDGE_DOT,
    NL_JUDGE_LATER, /* none: a report of a delivery that failed later on */
};

/* The known facts of a failure. */
struct nl_failure {
    enum nl_judge_stage stage;
    int code;           /* of the reply, 0 for none */
    const char *status; /* enhanced status code (RFC 3463), "" or NULL for none */
    const char *text;   /* what was said, of one line or several; NULL for nothing */
};

struct nl_judgement {
    bool hard; /* the address is dead; else the failure may pass */
    enum nl_fault fault;
    const char *reason; /* one of those in inbound/patterns.txt, the reader's own */
    bool exact;         /* a cause was named; false for words such as "rejected", and for none */
    char status[12];    /* the most exact status code that was given, or "" */
    unsigned line;      /* of inbound/patterns.txt, that says so; 0 for none */
};

/* Judges a failure. Reads nothing but the texts, and takes a time in proportion to the first 4 KiB
 * of them. Failures that nobody gives a reason for are soft; so is everything of class 4 (RFC 3463
 * section 3.1), everything that is our own fault, and everything about DNS that may pass. */
struct nl_judgement nl_judge(const struct nl_bounce_reader *reader,
                             const struct nl_failure *failure) NL_ALL_NONNULL;

/* "recipient", "sender" and so on. */
const char *nl_fault_name(enum nl_fault fault);

#endif
