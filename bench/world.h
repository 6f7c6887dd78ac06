/* A hostile world for the mail server of bench/race. For each address and each attempt at it, it is
 * fixed by a seed what goes wrong, so that all senders meet the same; and it is counted how often
 * each address got the message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands in each message that counts: others, such as probes of an address, do not. */
#define WORLD_MARK "RACE-BULLETIN"

enum world_fate {
    WORLD_TAKEN,
    WORLD_REFUSED,       /* 550, always: addresses such as "reader49.gone@..." */
    WORLD_DROP_RCPT,     /* the connection ends in place of the reply to RCPT */
    WORLD_LATER_RCPT,    /* 450 */
    WORLD_STALL_RCPT,    /* a late reply to RCPT */
    WORLD_LATER_DATA,    /* 451 in reply to DATA or BDAT */
    WORLD_DROP_DATA,     /* the connection ends when the message begins */
    WORLD_LATER_DOT,     /* 452 in reply to the final dot */
    WORLD_STALL_DOT,     /* taken, with a late reply */
    WORLD_CLOSE_UNTAKEN, /* the connection ends after the final dot: not taken */
    WORLD_CLOSE_TAKEN,   /* the same, but taken, and nobody hears of it */
    WORLD_FATES
};

/* The number of an address: the first call for it makes one. */
size_t world_person(const char *address, size_t len);

/* An attempt at an address, its next one: counts it and says what happens to it. The fates before
 * WORLD_LATER_DATA concern this recipient, the others the whole message. */
enum world_fate world_attempt(uint64_t seed, size_t person);

/* The message is taken for this address. It is the bulletin, or another one. */
void world_take(size_t person, bool bulletin);

/* Recipients who got the bulletin, and attempts, so far. */
void world_totals(size_t *taken, size_t *attempts);

/* Prints a line for each address: attempts, taken, refused, attempts after the first refusal. Then
 * how often each thing happened. */
void world_report(void);
