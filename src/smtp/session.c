#include "newsletter/smtp/session.h"

#include "newsletter/base/text.h"
#include "smtp/flight.h"

#include <ctype.h>
#include <string.h>

/* RFC 5321 section 4.5.3.1.5 says 512; servers send more. */
enum { LINE_LIMIT = 4096, LINES_LIMIT = 100, TEXT_LIMIT = 1000, KEEP_OUTPUT = 4096 };

/* A message of this size fits into the buffers of a socket and is sent in one piece with its dot.
 * Larger ones are sent while the commit point is being recorded. */
enum { WHOLE_LIMIT = 64 * 1024 };

const char *nl_stage_name(enum nl_stage stage) {
    static const char *const names[] = {
        "connect", "banner", "EHLO",        "STARTTLS",      "AUTH", "idle", "MAIL",
        "RCPT",    "DATA",   "the message", "the final dot", "RSET", "QUIT"};
    return names[stage];
}

void nl_session_open(struct nl_session *session, const struct nl_extensions *extensions) {
    nl_buf_clear(&session->in);
    nl_buf_clear(&session->out);
    nl_buf_clear(&session->envelope);
    nl_buf_clear(&session->reply.text);
    session->written = 0;
    session->dot_offset = 0;
    session->line_start = 0;
    session->lines = 0;
    session->messages = 0;
    session->refused = false;
    session->given_up = false;
    session->whole = false;
    session->following = NULL;
    session->came_early = false;
    session->sent = 0;
    session->flight_count = 0;
    session->closing = false;
    session->unsupported = false;
    session->extensions = *extensions;
    session->stage = NL_STAGE_IDLE;
}

void nl_session_free(struct nl_session *session) {
    nl_buf_free(&session->in);
    nl_buf_free(&session->out);
    nl_buf_free(&session->reply.text);
    nl_buf_free(&session->refusal.text);
    nl_buf_free(&session->envelope);
    nl_flights_free(session);
}

/* Without PIPELINING, each command waits for the reply to the one before. */
static void queue_command(struct nl_session *session) {
    struct nl_buf *envelope = &session->envelope;
    const char *end = strchr(nl_buf_text(envelope), '\n');
    if (end == NULL)
        return;
    size_t len = (size_t)(end + 1 - envelope->data);
    nl_buf_add(&session->out, envelope->data, len);
    memmove(envelope->data, envelope->data + len, envelope->len - len + 1);
    envelope->len -= len;
}

void nl_session_start(struct nl_session *session, const char *sender, const char *recipient,
                      const struct nl_buf *message, bool smtputf8) {
    session->message = message;
    session->messages++;
    session->refused = false;
    session->came_early = false;
    nl_buf_clear(&session->envelope);
    nl_session_add_envelope(&session->extensions, &session->envelope, sender, recipient,
                            message->len, smtputf8, false);
    if (session->extensions.pipelining)
        nl_session_queue_envelope(session);
    else
        queue_command(session);
    session->stage = NL_STAGE_MAIL;
}

void nl_session_release_dot(struct nl_session *session) {
    if (session->whole)
        nl_session_stuff(&session->out, session->message->data, session->message->len);
    session->whole = false;
    session->dot_offset = session->out.len;
    nl_buf_adds(&session->out, ".\r\n");
    nl_session_queue_envelope(session);
    session->stage = NL_STAGE_DOT;
}

void nl_session_quit(struct nl_session *session) {
    nl_buf_adds(&session->out, "QUIT\r\n");
    session->stage = NL_STAGE_QUIT;
}

bool nl_session_dot_sent(const struct nl_session *session) {
    return session->stage == NL_STAGE_DOT && session->flight_count == 0 &&
           session->written > session->dot_offset;
}

void nl_session_feed(struct nl_session *session, const char *data, size_t len) {
    nl_buf_add(&session->in, data, len);
}

const char *nl_session_output(const struct nl_session *session, size_t *len) {
    *len = session->out.len - session->written;
    return nl_buf_text(&session->out) + session->written;
}

/* The memory stays where the next message needs it at once. */
static void empty_output(struct nl_session *session) {
    session->written = 0;
    nl_buf_clear(&session->out);
    if (session->out.cap > KEEP_OUTPUT && session->following == NULL && !session->came_early)
        nl_buf_free(&session->out);
}

void nl_session_wrote(struct nl_session *session, size_t len) {
    session->written += len;
    session->sent += len;
    if (session->written == session->out.len &&
        (session->stage != NL_STAGE_DOT || session->flight_count > 0))
        empty_output(session);
}

size_t nl_reply_status(const char *text, size_t len, char status[12]) {
    size_t at = 0;
    status[0] = '\0';
    for (int part = 0; part < 3; part++) {
        size_t digits = 0;
        while (at < len && isdigit((unsigned char)text[at]) && digits < 3) {
            at++;
            digits++;
        }
        if (digits == 0 || (part < 2 && (at == len || text[at++] != '.')))
            return 0;
    }
    if (at < len && text[at] != ' ')
        return 0;
    memcpy(status, text, at);
    status[at] = '\0';
    return at;
}

/* Keeps the text of a reply. Servers also answer in UTF-8 (RFC 6531 section 3.7.4), announced or
 * not. */
static void add_reply_text(struct nl_reply *reply, const char *text, size_t len) {
    if (reply->text.len > TEXT_LIMIT)
        return;
    if (reply->text.len > 0 && len > 0)
        nl_buf_addc(&reply->text, ' ');
    nl_text_add_printable(&reply->text, text, len);
}

/* Reads one line of a reply; *last on the last one. False when it is not a reply. */
static bool read_line(struct nl_session *session, const char *line, size_t len, bool *last) {
    struct nl_reply *reply = &session->reply;
    if (len < 3 || line[0] < '2' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
        !isdigit((unsigned char)line[2]) || (len > 3 && line[3] != ' ' && line[3] != '-'))
        return false;
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    *last = len == 3 || line[3] == ' ';
    if (session->lines++ == 0) {
        nl_buf_clear(&reply->text);
        reply->status[0] = '\0';
        reply->code = code;
    } else if (code != reply->code || session->lines > LINES_LIMIT) {
        return false;
    }
    const char *text = len > 4 ? line + 4 : "";
    size_t text_len = len > 4 ? len - 4 : 0;
    char status[12];
    size_t used = nl_reply_status(text, text_len, status);
    if (used > 0 && status[0] == line[0]) {
        memcpy(reply->status, status, sizeof status);
        used += used < text_len;
        text += used;
        text_len -= used;
    }
    add_reply_text(reply, text, text_len);
    if (*last)
        session->lines = 0;
    return true;
}

/* 1 for a complete reply, 0 when more input is needed, -1 for garbage. */
static int next_reply(struct nl_session *session) {
    struct nl_buf *in = &session->in;
    while (session->line_start < in->len) {
        char *line = in->data + session->line_start;
        size_t left = in->len - session->line_start;
        char *end = memchr(line, '\n', left);
        if (end == NULL)
            break;
        size_t len = (size_t)(end - line);
        bool last = false;
        session->line_start += len + 1;
        if (len > 0 && line[len - 1] == '\r')
            len--;
        if (len > LINE_LIMIT || !read_line(session, line, len, &last))
            return -1;
        if (last)
            return 1;
    }
    if (session->line_start > 0) {
        memmove(in->data, in->data + session->line_start, in->len - session->line_start + 1);
        in->len -= session->line_start;
        session->line_start = 0;
    }
    return in->len > LINE_LIMIT ? -1 : 0;
}

/* The message has ended. */
static enum nl_session_event end_message(struct nl_session *session, enum nl_stage at) {
    session->ended_at = at;
    session->message = NULL;
    return NL_SESSION_REPLIED;
}

/* Whether a refusal is told at once. The replies to commands that were pipelined with the refused
 * one are still to be read (RFC 2920 section 3.1), and they show whether it was one: a second reply
 * to the message before would be taken for the one to MAIL, and 250 for the one to DATA. */
static bool is_certain(const struct nl_session *session, enum nl_stage at) {
    return !session->extensions.pipelining && (at != NL_STAGE_MAIL || session->messages == 1);
}

static enum nl_session_event refuse(struct nl_session *session, enum nl_stage at,
                                    enum nl_stage next) {
    if (is_certain(session, at)) {
        nl_session_reset(session);
        return end_message(session, at);
    }
    if (!session->extensions.pipelining)
        nl_buf_adds(&session->out, "DATA\r\n"); /* asked for its reply only */
    nl_session_keep_reply(session, &session->refusal);
    session->refused = true;
    session->refused_at = at;
    session->stage = next;
    return NL_SESSION_NONE;
}

bool nl_session_end_refused(struct nl_session *session) {
    if (!session->refused || session->refusal.code == 0)
        return false;
    nl_session_show_reply(session, &session->refusal);
    end_message(session, session->refused_at);
    return true;
}

static enum nl_session_event after_mail(struct nl_session *session) {
    if (session->reply.code / 100 != 2)
        return refuse(session, NL_STAGE_MAIL,
                      session->extensions.pipelining ? NL_STAGE_RCPT : NL_STAGE_DATA);
    if (!session->extensions.pipelining)
        queue_command(session);
    session->stage = NL_STAGE_RCPT;
    return NL_SESSION_NONE;
}

static enum nl_session_event after_recipient(struct nl_session *session) {
    if (!session->refused && session->reply.code / 100 != 2)
        return refuse(session, NL_STAGE_RCPT, NL_STAGE_DATA);
    if (!session->extensions.pipelining)
        queue_command(session);
    session->stage = NL_STAGE_DATA;
    return NL_SESSION_NONE;
}

/* The reply to a DATA that was pipelined with a refused command. */
static enum nl_session_event after_refused_data(struct nl_session *session, bool go) {
    nl_session_end_refused(session);
    if (!go) {
        nl_session_reset(session);
    } else if (session->refused_at == NL_STAGE_MAIL) {
        session->given_up = true; /* it may have accepted the recipient, for some other sender */
    } else {
        nl_buf_adds(&session->out, ".\r\n"); /* an empty message for nobody */
        session->stage = NL_STAGE_BODY;
    }
    return NL_SESSION_REPLIED;
}

static enum nl_session_event after_data(struct nl_session *session) {
    bool go = session->reply.code == 354;
    if (!go && session->reply.code / 100 < 4)
        return NL_SESSION_GARBAGE;
    if (session->refused)
        return after_refused_data(session, go);
    if (!go) {
        nl_session_reset(session);
        return end_message(session, NL_STAGE_DATA);
    }
    session->whole = session->message->len <= WHOLE_LIMIT;
    if (!session->whole)
        nl_session_stuff(&session->out, session->message->data, session->message->len);
    session->stage = NL_STAGE_BODY;
    return NL_SESSION_WANTS_DOT;
}

static enum nl_session_event after_dot(struct nl_session *session) {
    /* A reply before the dot was sent answers no command of ours. */
    if (!nl_session_dot_sent(session))
        return NL_SESSION_GARBAGE;
    session->stage = NL_STAGE_IDLE;
    if (session->written == session->out.len)
        empty_output(session);
    enum nl_session_event event = end_message(session, NL_STAGE_DOT);
    nl_session_begin_following(session);
    return event;
}

/* The reply to the dot of an empty message. */
static enum nl_session_event after_empty_message(struct nl_session *session) {
    if (!session->refused)
        return NL_SESSION_GARBAGE;
    nl_session_reset(session);
    return NL_SESSION_NONE;
}

/* Whether a reply answers no command of a message: 3xx, but for DATA; and the greeting or the
 * farewell of a server, as where a proxy has gone on to another one. It has accepted nothing. */
static bool is_misplaced(const struct nl_session *session) {
    int code = session->reply.code;
    bool farewell = code == 220 || code == 221;
    return (code / 100 == 3 && session->stage != NL_STAGE_DATA) ||
           (farewell && session->stage != NL_STAGE_QUIT && session->stage != NL_STAGE_IDLE);
}

/* Acts on a complete reply. */
static enum nl_session_event act(struct nl_session *session) {
    if (is_misplaced(session))
        return NL_SESSION_GARBAGE;
    if (session->flight_count > 0)
        return nl_flight_act(session);
    switch (session->stage) {
    case NL_STAGE_MAIL:
        return after_mail(session);
    case NL_STAGE_RCPT:
        return after_recipient(session);
    case NL_STAGE_DATA:
        return after_data(session);
    case NL_STAGE_DOT:
        return after_dot(session);
    case NL_STAGE_RSET:
        if (session->reply.code / 100 != 2)
            return NL_SESSION_CLOSING;
        session->stage = NL_STAGE_IDLE;
        return NL_SESSION_NONE;
    case NL_STAGE_BODY:
        return after_empty_message(session);
    default:
        return NL_SESSION_CLOSING;
    }
}

/* Replies that do not count up: a refusal among them may be one of something else. */
static enum nl_session_event disbelieve(struct nl_session *session) {
    session->refusal.code = 0;
    return NL_SESSION_GARBAGE;
}

enum nl_session_event nl_session_next(struct nl_session *session) {
    for (;;) {
        if (session->given_up)
            return NL_SESSION_CLOSING;
        int got = next_reply(session);
        if (got == 0)
            return NL_SESSION_NONE;
        if (got < 0)
            return session->stage == NL_STAGE_IDLE || session->stage == NL_STAGE_QUIT
                       ? NL_SESSION_CLOSING
                       : disbelieve(session);
        enum nl_stage before = session->stage;
        session->replies++;
        enum nl_session_event event = act(session);
        if (session->observe != NULL)
            session->observe(session, before, session->observe_ctx);
        if (event != NL_SESSION_NONE)
            return event == NL_SESSION_GARBAGE ? disbelieve(session) : event;
    }
}
