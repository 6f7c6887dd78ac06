#include "delivery/breaker.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    BELIEVED_PER_ACCEPTED = 2,
    OURS_LIMIT = 3,     /* refusals of us, one after the other */
    OURS_TOTAL = 10,    /* refusals of us between accepted messages */
    OTHERS_LIMIT = 10,  /* refusals of recipients, over several domains */
    DOMAINS_LIMIT = 3,  /* "several" */
    FINAL_LIMIT = 5,    /* the same at the end of a run */
    NOBODY_LIMIT = 2,   /* the same when nobody at all was accepted */
    WAITING_LIMIT = 40, /* in one domain alone */
};

static bool is_for_now(const struct nl_held *held) {
    return held->result.code / 100 == 4;
}

static bool waits(const struct nl_held *held, size_t server) {
    return held->server == server && held->state == NL_HELD_WAITING;
}

size_t nl_breaker_waiting(const struct nl_breaker *breaker, size_t server, size_t *domains) {
    size_t count = 0;
    *domains = 0;
    for (size_t i = 0; i < breaker->count; i++) {
        bool known = false;
        if (!waits(&breaker->items[i], server))
            continue;
        for (size_t j = 0; !known && j < i; j++)
            known = waits(&breaker->items[j], server) &&
                    strcmp(breaker->items[j].domain, breaker->items[i].domain) == 0;
        *domains += !known;
        count++;
    }
    return count;
}

static size_t count_ours(const struct nl_breaker *breaker, size_t server, bool for_now) {
    size_t count = 0;
    for (size_t i = 0; i < breaker->count; i++)
        count += waits(&breaker->items[i], server) && breaker->items[i].ours &&
                 is_for_now(&breaker->items[i]) == for_now;
    return count;
}

const struct nl_held *nl_breaker_last(const struct nl_breaker *breaker, size_t server) {
    const struct nl_held *last = NULL;
    for (size_t i = 0; i < breaker->count; i++) /* a refusal of us says most */
        if (waits(&breaker->items[i], server) &&
            (last == NULL || breaker->items[i].ours || !last->ours))
            last = &breaker->items[i];
    return last;
}

void nl_breaker_accept(struct nl_breaker *breaker, size_t server) {
    int left = BELIEVED_PER_ACCEPTED;
    breaker->servers[server].accepted++;
    breaker->servers[server].ours_in_a_row = 0;
    for (size_t i = 0; left > 0 && i < breaker->count; i++) {
        struct nl_held *held = &breaker->items[i];
        if (!waits(held, server) || (held->ours && !is_for_now(held)))
            continue;
        held->state = held->ours ? NL_HELD_DEFERRED : NL_HELD_BELIEVED;
        left--;
    }
}

bool nl_breaker_any_accepted(const struct nl_breaker *breaker) {
    for (size_t i = 0; i < NL_RELAYS; i++)
        if (breaker->servers[i].accepted > 0)
            return true;
    return false;
}

static bool is_open(const struct nl_breaker *breaker, size_t server) {
    size_t domains = 0;
    size_t waiting = nl_breaker_waiting(breaker, server, &domains);
    size_t ours = count_ours(breaker, server, false) + count_ours(breaker, server, true);
    bool accepts = breaker->servers[server].accepted > 0;
    return breaker->servers[server].ours_in_a_row >= OURS_LIMIT || ours >= OURS_TOTAL ||
           (waiting >= OTHERS_LIMIT && (domains >= DOMAINS_LIMIT || !accepts)) ||
           waiting >= WAITING_LIMIT;
}

bool nl_breaker_hold(struct nl_breaker *breaker, const struct nl_held *refusal, bool *held) {
    *held = false;
    if (breaker->count == NL_HELD_LIMIT)
        return true;
    struct nl_held *item = &breaker->items[breaker->count];
    *item = *refusal;
    item->domain = nl_strdup(refusal->domain);
    item->text = nl_strdup(refusal->result.text != NULL ? refusal->result.text : "");
    item->result.text = item->text;
    item->state = NL_HELD_WAITING;
    *held = true;
    breaker->count++;
    /* A temporary refusal must not stop a run in which messages are accepted in between. */
    if (item->ours && (!is_for_now(item) || breaker->servers[item->server].accepted == 0))
        breaker->servers[item->server].ours_in_a_row++;
    return is_open(breaker, item->server);
}

static void decide(struct nl_breaker *breaker, size_t server, enum nl_held_state state) {
    for (size_t i = 0; i < breaker->count; i++)
        if (waits(&breaker->items[i], server))
            breaker->items[i].state = state;
}

void nl_breaker_requeue(struct nl_breaker *breaker, size_t server) {
    decide(breaker, server, NL_HELD_REQUEUED);
}

/* Nobody was accepted, now or earlier, so nothing shows that the relay works. A single refusal with
 * a clear reason is believed, a vague one is tried again later. */
static bool finish_unproved(struct nl_breaker *breaker, size_t server, size_t waiting) {
    if (breaker->issue && waiting >= NOBODY_LIMIT)
        return true;
    for (size_t i = 0; i < breaker->count; i++) {
        struct nl_held *held = &breaker->items[i];
        if (waits(held, server))
            held->state = held->result.vague ? NL_HELD_DEFERRED : NL_HELD_BELIEVED;
    }
    return false;
}

bool nl_breaker_finish(struct nl_breaker *breaker, size_t server) {
    size_t domains = 0;
    size_t waiting = nl_breaker_waiting(breaker, server, &domains);
    if (waiting == 0)
        return false;
    if (count_ours(breaker, server, false) > 0)
        return true;
    if (breaker->servers[server].accepted == 0 && !breaker->proved)
        return finish_unproved(breaker, server, waiting);
    if (waiting >= FINAL_LIMIT && domains >= DOMAINS_LIMIT)
        return true;
    for (size_t i = 0; i < breaker->count; i++)
        if (waits(&breaker->items[i], server))
            breaker->items[i].state = breaker->items[i].ours ? NL_HELD_DEFERRED : NL_HELD_BELIEVED;
    return false;
}

bool nl_breaker_decided(const struct nl_breaker *breaker) {
    for (size_t i = 0; i < breaker->count; i++)
        if (breaker->items[i].state != NL_HELD_WAITING)
            return true;
    return false;
}

static void free_held(struct nl_held *held) {
    free(held->domain);
    free(held->text);
    *held = (struct nl_held){0};
}

void nl_breaker_drop_decided(struct nl_breaker *breaker) {
    size_t kept = 0;
    for (size_t i = 0; i < breaker->count; i++) {
        if (breaker->items[i].state != NL_HELD_WAITING)
            free_held(&breaker->items[i]);
        else
            breaker->items[kept++] = breaker->items[i];
    }
    breaker->count = kept;
}

void nl_breaker_free(struct nl_breaker *breaker) {
    for (size_t i = 0; i < breaker->count; i++)
        free_held(&breaker->items[i]);
    breaker->count = 0;
}
