/* A transport that a test answers for. It takes the place of src/smtp/transport.c when the test is
 * linked. */
#ifndef NL_TESTS_MADE_TRANSPORT_H
#define NL_TESTS_MADE_TRANSPORT_H

#include "newsletter/smtp/transport.h"

/* The server's reply code; 0 for acceptance. `text` begins with the enhanced status code, if any.
 */
struct made_answer {
    enum nl_stage stage; /* NL_STAGE_RCPT or NL_STAGE_DOT; NL_STAGE_CONNECT breaks the connection */
    int code;
    const char *status, *text;
};

/* Set by a test. */
struct made {
    struct made_answer (*answer)(const char *recipient);
    void (*before_dot)(const char *recipient); /* at nl_transport_release_dot; may be NULL */
    void (*wait)(void);                        /* at nl_transport_wait; may be NULL */
    size_t size_limit;
    size_t length; /* of the last message */
    int started;   /* messages */
    int dots;      /* final dots */
};
extern struct made made;

#endif
