#include "web/moved_form.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* phpList has all its pages at one address. */
bool nl_moved_is_elsewhere(const char *path, const struct nl_request *request) {
    return strncmp(path, "/lists/", 7) == 0 && nl_moved_of(path, request) == NL_MOVED_NONE;
}

enum nl_moved nl_moved_of(const char *path, const struct nl_request *request) {
    const char *page = nl_request_query(request, "p");
    if (strcmp(path, "/subscription/form") == 0)
        return NL_MOVED_LISTMONK;
    if (strcmp(path, "/subscribe/post") == 0)
        return NL_MOVED_MAILCHIMP;
    if ((strcmp(path, "/lists/") == 0 || strcmp(path, "/lists/index.php") == 0) && page != NULL &&
        strcmp(page, "subscribe") == 0)
        return NL_MOVED_PHPLIST;
    return NL_MOVED_NONE;
}

/* The list of ours that serve.moved_lists ("IDENTIFIER=LIST, ...") has for an identifier; NULL
 * without one. The caller frees it. */
static char *list_for(const struct nl_config *config, const char *identifier) {
    const char *at = config->serve.moved_lists != NULL ? config->serve.moved_lists : "";
    size_t len = strlen(identifier);
    while (len > 0 && *at != '\0') {
        size_t pair = strcspn(at, ",");
        if (pair > len && at[len] == '=' && strncasecmp(at, identifier, len) == 0) {
            size_t end = pair;
            while (end > len + 1 && at[end - 1] == ' ')
                end--;
            return nl_strndup(at + len + 1, end - len - 1);
        }
        at += pair;
        at += strspn(at, ", ");
    }
    return NULL;
}

/* An identifier that leads nowhere is taken as a name: a form may have been changed half. */
static enum nl_status take_list(const struct nl_config *config, struct nl_form *form,
                                const char *identifier, struct nl_error *err) {
    char *list = list_for(config, identifier);
    enum nl_status status = nl_form_take(form, "list", list != NULL ? list : identifier, err);
    free(list);
    return status;
}

/* First and last name come in two fields, in any order. */
static enum nl_status add_name(struct nl_form *form, const char *value, bool last,
                               struct nl_error *err) {
    struct nl_buf both = {0};
    const char *known = form->name != NULL ? form->name : "";
    const char *between = known[0] != '\0' && value[0] != '\0' ? " " : "";
    nl_buf_addf(&both, "%s%s%s", last ? known : value, between, last ? value : known);
    enum nl_status status = nl_form_take(form, "name", nl_buf_text(&both), err);
    nl_buf_free(&both);
    return status;
}

/* A field of theirs in capitals (MMERGE3, CITY) is an attribute of ours in small letters, if a form
 * of ours has it. */
static enum nl_status take_attribute(struct nl_form *form, const char *name, const char *value,
                                     struct nl_error *err) {
    struct nl_buf key = {0};
    nl_buf_adds(&key, "attribute.");
    for (const char *p = name; *p != '\0'; p++)
        nl_buf_addc(&key, (char)tolower((unsigned char)*p));
    bool known = nl_form_field_find(form->fields, nl_buf_text(&key) + sizeof "attribute." - 1);
    enum nl_status status = known ? nl_form_take(form, nl_buf_text(&key), value, err) : NL_OK;
    nl_buf_free(&key);
    return status;
}

/* The field that Mailchimp hides from people: "b_" with the numbers of the account and the list. */
static bool is_trap(enum nl_moved moved, const char *name) {
    return moved == NL_MOVED_MAILCHIMP  ? strncmp(name, "b_", 2) == 0 && strchr(name + 2, '_')
           : moved == NL_MOVED_LISTMONK ? strcmp(name, "nonce") == 0
                                        : strcmp(name, "VerificationCodeX") == 0;
}

static enum nl_status take_listmonk(const struct nl_config *config, struct nl_form *form,
                                    const char *name, const char *value, struct nl_error *err) {
    if (strcmp(name, "l") == 0)
        return take_list(config, form, value, err);
    return strcmp(name, "email") == 0 || strcmp(name, "name") == 0
               ? nl_form_take(form, name, value, err)
               : take_attribute(form, name, value, err);
}

static enum nl_status take_mailchimp(const struct nl_config *config, struct nl_form *form,
                                     const char *name, const char *value, struct nl_error *err) {
    if (strcmp(name, "id") == 0)
        return take_list(config, form, value, err);
    if (strcasecmp(name, "EMAIL") == 0 || strcmp(name, "MERGE0") == 0)
        return nl_form_take(form, "email", value, err);
    if (strcasecmp(name, "FNAME") == 0 || strcmp(name, "MERGE1") == 0)
        return add_name(form, value, false, err);
    if (strcasecmp(name, "LNAME") == 0 || strcmp(name, "MERGE2") == 0)
        return add_name(form, value, true, err);
    return take_attribute(form, name, value, err);
}

/* "list[3]" with any value is a ticked box. */
static enum nl_status take_phplist(const struct nl_config *config, struct nl_form *form,
                                   const char *name, const char *value, struct nl_error *err) {
    static const char list[] = "list[";
    size_t len = strlen(name);
    if (strcmp(name, "email") == 0)
        return nl_form_take(form, name, value, err);
    if (strncmp(name, list, sizeof list - 1) != 0 || name[len - 1] != ']' || len > 32)
        return take_attribute(form, name, value, err);
    char number[32] = "";
    memcpy(number, name + sizeof list - 1, len - sizeof list);
    return value[0] != '\0' ? take_list(config, form, number, err) : NL_OK;
}

enum nl_status nl_moved_take(enum nl_moved moved, const struct nl_config *config,
                             struct nl_form *form, const char *name, const char *value, bool *robot,
                             struct nl_error *err) {
    if (is_trap(moved, name)) {
        *robot = *robot || value[0] != '\0';
        return NL_OK;
    }
    switch (moved) {
    case NL_MOVED_LISTMONK:
        return take_listmonk(config, form, name, value, err);
    case NL_MOVED_MAILCHIMP:
        return take_mailchimp(config, form, name, value, err);
    case NL_MOVED_PHPLIST:
        return take_phplist(config, form, name, value, err);
    default:
        return nl_form_take(form, name, value, err);
    }
}

enum nl_status nl_moved_take_query(enum nl_moved moved, const struct nl_config *config,
                                   const struct nl_request *request, struct nl_form *form,
                                   struct nl_error *err) {
    const char *id = nl_request_query(request, "id");
    bool names_list = moved == NL_MOVED_MAILCHIMP || moved == NL_MOVED_PHPLIST;
    if (!names_list || id == NULL || form->list_count > 0)
        return NL_OK;
    /* phpList's number is that of a subscribe page: it counts where the configuration has it. */
    char *list = list_for(config, moved == NL_MOVED_PHPLIST ? "page" : id);
    struct nl_buf page = {0};
    if (moved == NL_MOVED_PHPLIST) {
        free(list);
        nl_buf_addf(&page, "page%s", id);
        list = list_for(config, nl_buf_text(&page));
    }
    enum nl_status status = list != NULL                  ? nl_form_take(form, "list", list, err)
                            : moved == NL_MOVED_MAILCHIMP ? nl_form_take(form, "list", id, err)
                                                          : NL_OK;
    nl_buf_free(&page);
    free(list);
    return status;
}
