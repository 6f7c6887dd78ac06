#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct person {
    char *address;
    uint64_t hash;
    unsigned attempts, taken, refused;
};

static struct person *people;
static size_t count, size;
static size_t *table; /* numbers of people plus one; twice as many places as people at least */
static size_t others, total_taken, total_attempts, happened[WORLD_FATES];

/* Shares of 100,000 attempts at addresses that are not refused. The rest is taken. */
static const struct {
    const char *name;
    unsigned share;
} fates[WORLD_FATES] = {
    [WORLD_TAKEN] = {"taken", 0},
    [WORLD_REFUSED] = {"550 for the recipient", 0},
    [WORLD_DROP_RCPT] = {"dropped before the message", 300},
    [WORLD_LATER_RCPT] = {"450 for the recipient", 3000},
    [WORLD_STALL_RCPT] = {"recipient answered late", 50},
    [WORLD_LATER_DATA] = {"451 before the message", 500},
    [WORLD_DROP_DATA] = {"dropped within the message", 300},
    [WORLD_LATER_DOT] = {"452 after the dot", 500},
    [WORLD_STALL_DOT] = {"taken, answered late", 50},
    [WORLD_CLOSE_UNTAKEN] = {"closed after the dot, not taken", 300},
    [WORLD_CLOSE_TAKEN] = {"closed after the dot, taken", 300},
};

/* FNV-1a, and the end of splitmix64, so that every bit of the result depends on every input. */
static uint64_t hash_more(uint64_t hash, const char *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
    return hash;
}

static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static void *allocate(void *old, size_t number, size_t each) {
    void *new = reallocarray(old, number, each);
    if (new == NULL)
        abort();
    return new;
}

static void grow(void) {
    size = size == 0 ? 1024 : size * 2;
    people = allocate(people, size, sizeof *people);
    table = allocate(table, size * 2, sizeof *table);
    memset(table, 0, size * 2 * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        size_t at = people[i].hash % (size * 2);
        while (table[at] != 0)
            at = (at + 1) % (size * 2);
        table[at] = i + 1;
    }
}

size_t world_person(const char *address, size_t len) {
    if (count == size)
        grow();
    uint64_t hash = mix(hash_more(0xcbf29ce484222325, address, len));
    size_t at = hash % (size * 2);
    for (; table[at] != 0; at = (at + 1) % (size * 2)) {
        const struct person *known = &people[table[at] - 1];
        if (known->hash == hash && strncmp(known->address, address, len) == 0 &&
            known->address[len] == '\0')
            return table[at] - 1;
    }
    char *copy = strndup(address, len);
    if (copy == NULL)
        abort();
    people[count] = (struct person){.address = copy, .hash = hash};
    table[at] = count + 1;
    return count++;
}

static bool is_gone(const char *address) {
    const char *at = strchr(address, '@');
    return at != NULL && at - address >= 5 && strncasecmp(at - 5, ".gone", 5) == 0;
}

enum world_fate world_attempt(uint64_t seed, size_t number) {
    struct person *person = &people[number];
    unsigned attempt = ++person->attempts;
    total_attempts++;
    enum world_fate fate = WORLD_TAKEN;
    if (is_gone(person->address)) {
        person->refused++;
        fate = WORLD_REFUSED;
    } else {
        uint64_t left = mix(person->hash ^ mix(seed * 1000003 + attempt)) % 100000;
        for (int each = WORLD_DROP_RCPT; each < WORLD_FATES && fate == WORLD_TAKEN; each++) {
            if (left < fates[each].share)
                fate = (enum world_fate)each;
            left -= fates[each].share;
        }
    }
    happened[fate]++;
    return fate;
}

void world_take(size_t person, bool bulletin) {
    if (!bulletin) {
        others++;
        return;
    }
    people[person].taken++;
    total_taken++;
}

void world_totals(size_t *taken, size_t *attempts) {
    *taken = total_taken;
    *attempts = total_attempts;
}

void world_report(void) {
    for (size_t i = 0; i < count; i++) {
        const struct person *person = &people[i];
        printf("person\t%s\t%u\t%u\t%u\t%u\n", person->address, person->attempts, person->taken,
               person->refused, person->refused > 0 ? person->refused - 1 : 0);
    }
    for (size_t i = 0; i < WORLD_FATES; i++)
        printf("fate\t%s\t%zu\n", fates[i].name, happened[i]);
    printf("fate\tother messages taken\t%zu\n", others);
}
