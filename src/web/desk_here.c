#include "web/desk.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"
#include "newsletter/template/data.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Somebody who was silent for so many seconds is gone. Pages with scripts ask every ten. */
enum { GONE = 60, PEOPLE = 64 };

/* Somebody who has a draft open. */
struct person {
    int64_t draft, since, seen;
    char name[NL_STAFF_NAME + 1];
    char text[40]; /* the language */
};

struct nl_desk_people {
    pthread_mutex_t mutex;
    struct person items[PEOPLE];
};

struct nl_desk_people *nl_desk_people_new(void) {
    struct nl_desk_people *people = nl_calloc(1, sizeof *people);
    pthread_mutex_init(&people->mutex, NULL);
    return people;
}

void nl_desk_people_free(struct nl_desk_people *people) {
    if (people == NULL)
        return;
    pthread_mutex_destroy(&people->mutex);
    free(people);
}

/* Notes that somebody has a draft open; the one who was heard of longest ago gives way. */
static void note(struct nl_desk_people *people, int64_t draft, const char *text, const char *name,
                 int64_t now) {
    struct person *place = &people->items[0];
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &people->items[i];
        if (person->draft == draft && strcmp(person->name, name) == 0) {
            place = person;
            break;
        }
        if (person->seen < place->seen)
            place = person;
    }
    bool known =
        place->draft == draft && strcmp(place->name, name) == 0 && now - place->seen <= GONE;
    place->since = known ? place->since : now;
    place->draft = draft;
    place->seen = now;
    snprintf(place->name, sizeof place->name, "%s", name);
    snprintf(place->text, sizeof place->text, "%s", text);
}

static void add_person(const struct nl_desk *desk, const struct person *person, json_t *out) {
    char when[NL_ZONE_TEXT_LEN];
    json_t *item = json_object();
    nl_zone_text(person->since, NULL, when);
    nl_data_set(item, "name", person->name);
    nl_data_set(item, "since", when);
    nl_data_set(item, "language", strcmp(person->text, desk->text) != 0 ? person->text : "");
    json_array_append_new(out, item);
}

void nl_desk_here(const struct nl_desk *desk, json_t *data) {
    struct nl_desk_people *people = desk->call->staff->writers;
    const char *name = desk->call->session->name;
    int64_t now = nl_store_now(desk->call->staff->site->store);
    json_t *others = json_array();
    pthread_mutex_lock(&people->mutex);
    note(people, desk->id, desk->text, name, now);
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct person *person = &people->items[i];
        if (person->draft == desk->id && now - person->seen <= GONE &&
            strcmp(person->name, name) != 0)
            add_person(desk, person, others);
    }
    pthread_mutex_unlock(&people->mutex);
    json_object_set_new(data, "anybody", json_boolean(json_array_size(others) > 0));
    json_object_set_new(data, "people", others);
}

enum nl_status nl_desk_presence(struct nl_desk *desk) {
    json_t *value = json_object();
    const char *seen = nl_request_query(desk->call->request, "revision");
    const json_t *text = nl_desk_text(desk);
    const char *revision = text != NULL ? json_string_value(json_object_get(text, "revision")) : "";
    nl_desk_here(desk, value);
    enum nl_status status = NL_OK;
    if (seen == NULL || strcmp(seen, revision) != 0)
        status = nl_desk_add_form(desk, value);
    if (status == NL_OK)
        return nl_desk_json(desk, 200, value);
    json_decref(value);
    return status;
}
