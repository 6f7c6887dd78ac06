/* The press room: pages on which staff write, look at and send issues. */
#ifndef NL_WEB_DESK_H
#define NL_WEB_DESK_H

#include "newsletter/bulletin/front_fields.h"
#include "newsletter/service/draft_merge.h"
#include "newsletter/service/drafts.h"
#include "web/staff_common.h"

/* A page about one draft. */
struct nl_desk {
    struct nl_staff_call *call;
    struct nl_office office;
    int64_t id;
    json_t *draft;    /* as nl_office_draft_read has it; owned */
    const char *text; /* the language that is looked at; "" without texts */
    struct nl_response *response;
    struct nl_error *err;
};

/* The text in the language that is looked at; NULL without one. Borrowed. */
const json_t *nl_desk_text(const struct nl_desk *desk);

/* Whether a program of ours asks, which wants JSON, and answering it. Takes `value`. */
bool nl_desk_wants_json(const struct nl_desk *desk);
enum nl_status nl_desk_json(const struct nl_desk *desk, int status, json_t *value);

/* Goes to a page of the draft, such as "" or "/send", in the language that is looked at. */
enum nl_status nl_desk_go(const struct nl_desk *desk, const char *page);

/* Sets what the page tells first: why something was not done. */
void nl_desk_refuse(const struct nl_desk *desk, int status, const char *why);

/* desk_refuse.c: tells why something was not done, on the page or to the script; a failure of ours
 * stays one. `form`: the page shows what was typed. */
enum nl_status nl_desk_failure(struct nl_desk *desk, enum nl_status status, bool form);

/* desk_findings.c: adds what `check` says; lines are counted in the text area where they are of
 * this text. */
void nl_desk_findings(const struct nl_desk *desk, const json_t *findings, json_t *data);

/* desk_page.c: the editor. `form` is true where it shows again what was typed. */
enum nl_status nl_desk_page(struct nl_desk *desk, bool form);

/* Whether a file has the name of a picture that mail programs show. */
bool nl_desk_is_picture(const char *name);

/* desk_library.c: a picture of the draft. */
enum nl_status nl_desk_file(struct nl_desk *desk);

/* desk_act.c: what the forms of the editor do. */
enum nl_status nl_desk_act(struct nl_desk *desk);

/* desk_save.c: saving the form. */
enum nl_status nl_desk_save(struct nl_desk *desk, enum nl_merge_choice choice, bool keep);

/* Reads the draft again. */
enum nl_status nl_desk_reload(struct nl_desk *desk);

/* desk_fields.c: the text that the form of the page stands for; the fields of a text, or what was
 * typed, as data of the page; and the form of the present text as "form", "base", "author",
 * "revision", for the script. */
enum nl_status nl_desk_form_read(const struct nl_desk *desk, struct nl_buf *source);
void nl_desk_form_show(const struct nl_front_fields *fields, json_t *data);
void nl_desk_form_typed(const struct nl_desk *desk, json_t *data);
enum nl_status nl_desk_add_form(const struct nl_desk *desk, json_t *value);

/* desk_languages.c: the texts of the draft as tabs, "texts" (tag, name, chosen, older: than the
 * first one); and, where the page has proposals, as "missing" the languages that its list is
 * written in and the draft is not. */
void nl_desk_languages(const struct nl_desk *desk, json_t *data);
void nl_desk_languages_missing(const struct nl_desk *desk, json_t *data);

/* desk_here.c: notes that somebody has the draft open, and adds who else has ("people": name,
 * since, language where it is another one; "anybody"). nl_desk_presence answers a script that asks
 * for it, and for the text if it has changed. */
void nl_desk_here(const struct nl_desk *desk, json_t *data);
enum nl_status nl_desk_presence(struct nl_desk *desk);

/* desk_files.c: pictures, attachments and documents that are put into a draft. */
enum nl_status nl_desk_upload(struct nl_desk *desk);
enum nl_status nl_desk_document(struct nl_desk *desk);

/* desk_dropped.c: tells what was left out of a document: in words, as fields of an address, and
 * from these fields as "dropped" of the page. */
void nl_desk_dropped(const struct nl_staff_call *call, const struct nl_draft_dropped *dropped,
                     struct nl_buf *out);
void nl_desk_dropped_query(const struct nl_draft_dropped *dropped, struct nl_buf *path);
void nl_desk_dropped_read(const struct nl_desk *desk);

/* desk_boilerplate.c: the snippets for a draft, as "snippets" and "any_snippets"; whether the
 * account may see one (NL_NOTFOUND); desk_snippet.c: one for the script; and the names of
 * templates, as "templates" and "any_templates". */
enum nl_status nl_desk_snippets(const struct nl_desk *desk, json_t *data);
enum nl_status nl_desk_snippet_check(const struct nl_desk *desk, int64_t id);
enum nl_status nl_desk_snippet(struct nl_desk *desk);
enum nl_status nl_desk_templates(const struct nl_staff_call *call, struct nl_error *err);

/* desk_preview.c: a mail as its readers get it, and its text part. */
enum nl_status nl_desk_preview(struct nl_desk *desk);
/* Adds the attributes that the text asks for, as "asked" (name, number). */
enum nl_status nl_desk_asked(const struct nl_desk *desk, const struct nl_draft_composed *composed,
                             json_t *data);
enum nl_status nl_desk_plain(const struct nl_desk *desk, const struct nl_draft_composed *composed,
                             struct nl_buf *out);

/* desk_history.c: versions, and how they differ. */
enum nl_status nl_desk_history(struct nl_desk *desk);

/* desk_approval.c: asking others to approve it, and their answers; and, for the editor, how that
 * stands: "approval" (whether it is needed), "state_label", "may_ask", "said". */
enum nl_status nl_desk_approval_add(const struct nl_desk *desk, json_t *data);
enum nl_status nl_desk_approval_page(struct nl_desk *desk, bool may_approve);
enum nl_status nl_desk_approval(struct nl_desk *desk, bool may_approve);

/* desk_send.c: the last page before an issue goes out. */
enum nl_status nl_desk_send_page(struct nl_desk *desk);
enum nl_status nl_desk_send(struct nl_desk *desk);

#endif
