#include "inbound/sns.h"

#include <stdio.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* The part after "https://sns.REGION.amazonaws.com/", or NULL. The host is compared as a whole, up
 * to its slash: no user, no port, no other name that begins or ends like it. */
static const char *path_of(const char *topic, const char *url) {
    char prefix[160];
    const char *partition = topic + sizeof "arn:" - 1;
    const char *region = strstr(topic, ":sns:");
    if (region == NULL)
        return NULL;
    region += sizeof ":sns:" - 1;
    size_t len = strcspn(region, ":");
    if (len == 0 || len > 64)
        return NULL;
    int used =
        snprintf(prefix, sizeof prefix, "https://sns.%.*s.amazonaws.com%s/", (int)len, region,
                 strncmp(partition, "aws-cn:", sizeof "aws-cn:" - 1) == 0 ? ".cn" : "");
    return strncmp(url, prefix, (size_t)used) == 0 ? url + used : NULL;
}

static bool is_made_of(const char *text, const char *signs) {
    for (; *text != '\0'; text++)
        if (strchr(letters, *text) == NULL && strchr(signs, *text) == NULL)
            return false;
    return true;
}

bool nl_sns_is_amazons(const char *topic, const char *url) {
    const char *path = path_of(topic, url);
    return path != NULL && is_made_of(path, "-_.~/?&=%:+");
}

bool nl_sns_is_certificate(const char *topic, const char *url) {
    const char *path = path_of(topic, url);
    size_t len = path != NULL ? strlen(path) : 0;
    return len > 4 && len < 200 && strcmp(path + len - 4, ".pem") == 0 &&
           is_made_of(path, "-_./") && strstr(path, "..") == NULL;
}

bool nl_sns_is_authority(const char *url) {
    static const char scheme[] = "http://";
    static const char suffix[] = ".amazontrust.com";
    const char *host = url + sizeof scheme - 1;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    size_t len = strcspn(host, "/");
    return len > sizeof suffix - 1 && host[len] == '/' &&
           strncmp(host + len - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0 &&
           is_made_of(host, "-_./");
}
