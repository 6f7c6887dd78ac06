#include "newsletter/base/medium.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *key;
    size_t offset;
} members[] = {
    {"title", offsetof(struct nl_medium, title)},
    {"file", offsetof(struct nl_medium, file)},
    {"url", offsetof(struct nl_medium, url)},
    {"licence", offsetof(struct nl_medium, licence)},
    {"duration", offsetof(struct nl_medium, duration)},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

/* The files that browsers and podcast programs play. */
static const struct {
    const char *ending, *type;
} types[] = {{"mp3", "audio/mpeg"}, {"m4a", "audio/mp4"},   {"ogg", "audio/ogg"},
             {"opus", "audio/ogg"}, {"flac", "audio/flac"}, {"wav", "audio/wav"}};

char **nl_medium_member(struct nl_medium *medium, const char *key) {
    for (size_t i = 0; i < MEMBERS; i++)
        if (strcmp(members[i].key, key) == 0)
            return (char **)((char *)medium + members[i].offset);
    return NULL;
}

/* Parts of one or two digits with colons between them, two or three of them. */
int64_t nl_medium_seconds(const char *duration) {
    int64_t seconds = 0;
    int parts = 0;
    while (duration != NULL && parts < 3) {
        size_t digits = strspn(duration, "0123456789");
        long part = strtol(duration, NULL, 10);
        if (digits == 0 || digits > 2 || (parts > 0 && (part > 59 || digits != 2)))
            return 0;
        seconds = seconds * 60 + part;
        parts++;
        duration += digits;
        if (*duration == '\0')
            return parts > 1 ? seconds : 0;
        if (*duration++ != ':')
            return 0;
    }
    return 0;
}

const char *nl_medium_type(const char *name, const char **ending) {
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot + 1, types[i].ending) == 0) {
            *ending = types[i].ending;
            return types[i].type;
        }
    return NULL;
}

const char *nl_medium_problem(const struct nl_medium *medium) {
    const char *ending = NULL;
    if (medium->title == NULL)
        return NL_TEXT_IN("error", "it has no title");
    if ((medium->file == NULL) == (medium->url == NULL))
        return NL_TEXT_IN("error", "give it a file or a url");
    if (medium->url != NULL &&
        (strncmp(medium->url, "https://", 8) != 0 || !nl_text_is_http_url(medium->url)))
        return NL_TEXT_IN("error", "its url is not an https address");
    if (medium->file != NULL && nl_medium_type(medium->file, &ending) == NULL)
        return NL_TEXT_IN("error", "its file is not a recording that browsers play: use .mp3, "
                                   ".m4a, .ogg, .opus, .flac or .wav");
    if (medium->duration != NULL && nl_medium_seconds(medium->duration) == 0)
        return NL_TEXT_IN("error", "its duration is not like \"3:20\" or \"1:02:03\"");
    return NULL;
}

void nl_media_free(struct nl_media *media) {
    for (size_t i = 0; i < media->count; i++)
        for (size_t member = 0; member < MEMBERS; member++)
            free(*nl_medium_member(&media->items[i], members[member].key));
    free(media->items);
    *media = (struct nl_media){0};
}
