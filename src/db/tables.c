#include "db/tables.h"

#include <stddef.h>

enum { SMALL = 5000, LARGE = 50 };

const struct nl_table nl_tables[] = {
    {"setting", "key, value", "ss", SMALL},
    {"list",
     "id, uuid, name, title, list_id, sender, reply_to, owner, language, archive_url, "
     "subscribe_url, postal_address, created_at, private",
     "isssssssssssii", SMALL},
    {"subscriber", "id, uuid, address, address_key, name, language, attributes, created_at",
     "issssssi", SMALL},
    {"subscription",
     "id, list, subscriber, state, token, consent_at, consent_source, consent_ip, consent_version, "
     "confirmed_at, ended_at, noticed_at, created_at, bounce_score, bounce_at, reconfirm_by, "
     "form_wording, mail_wording, page_wording",
     "iiississsiiiidiiiii", SMALL},
    {"confirmation", "digest, subscription, purpose, created_at, expires_at, used_at, wording",
     "bisiiii", SMALL},
    {"suppression", "address_key, reason, since", "ssi", SMALL},
    {"issue",
     "id, list, slug, series, number, title, subject, category, posted_by, date, source, message, "
     "digest, state, pause_note, created_at, ended_at, language, body, events, segment, "
     "scheduled_at, local_time, alternative_subject, alternative, archive, public_from, "
     "public_until",
     "iisssssssssbsssiisbssissbsii", LARGE},
    {"edition",
     "id, issue, language, title, subject, source, message, body, alternative_subject, alternative",
     "iissssbbsb", LARGE},
    {"recording", "issue, language, number, type, data", "isisb", LARGE},
    {"subject_test", "issue, share, wait, rule, decide_at, winner", "iiisii", SMALL},
    {"canary", "issue, share, people, state, token, look_until, look_at, facts, newer_than",
     "iiissiisi", SMALL},
    {"delivery",
     "id, kind, issue, subscription, state, attempts, first_attempt_at, created_at, "
     "next_attempt_at, updated_at, lease_owner, lease_until, dot_at, reply_code, reply_status, "
     "reply_text, variant, replied_at, paced_at",
     "isiisiiiiisiiissiii", SMALL},
    {"attempt",
     "id, delivery, at, state, server, address, tls, cipher, policy, reply_code, reply_status, "
     "reply_text",
     "iiissssssiss", SMALL},
    {"provider_day", "day, provider, source, attempts, sent, deferred, bounced, throttled",
     "sssiiiii", SMALL},
    {"allowance", "name, ends_at, taken", "sii", SMALL},
    {"tls_session", "day, domain, kind, policy, result, server, address, source, detail, sessions",
     "sssssssssi", SMALL},
    {"transactional",
     "delivery, list, address, address_key, template, language, subject, size, content, asked_by, "
     "repeat_key, request",
     "iisssssibsss", LARGE},
    {"making",
     "id, issue, segment, further, began_at, newest, reached, people, seen, made, sampled",
     "iisiiiiiiii", SMALL},
    {"making_late", "id, making, subscription", "iii", SMALL},
    {"event", "id, at, kind, list, subscriber, issue, detail, message", "iisiiisi", SMALL},
    {"returned", "id, digest, at, kind, delivery, message, reporter", "ibisibs", LARGE},
    {"bounce", "id, returned, at, delivery, subscription, kind, reason, status, diagnostic",
     "iiiiissss", SMALL},
    {"issue_text", "rowid, title, text", "iss", LARGE},
    {"address_change", "subscriber, address, address_key, requested_at", "issi", SMALL},
    {"erased", "digest, at", "si", SMALL},
    {"staff",
     "id, name, password, created_at, role, totp_secret, totp_confirmed, totp_step, "
     "address",
     "issisbiis", SMALL},
    {"staff_list", "staff, list, role", "iis", SMALL},
    {"staff_recovery", "digest, staff", "bi", SMALL},
    {"staff_session", "digest, staff, expires_at, created_at, seen_at, client, agent, tries",
     "biiiissi", SMALL},
    {"staff_passkey",
     "id, staff, title, credential, algorithm, public_key, counter, created_at, used_at",
     "iisbibiii", SMALL},
    {"staff_challenge", "digest, until", "bi", SMALL},
    {"audit", "id, at, actor, door, client, action, object, detail", "iissssss", SMALL},
    {"api_token", "name, digest, created_at, expires_at, scopes, lists, used_at", "sbiissi", SMALL},
    {"webhook",
     "id, name, url, secret, kinds, enabled, created_at, position, attempts, next_at, "
     "failing_since, trouble",
     "issssiiiiiis", SMALL},
    {"webhook_log", "id, webhook, at, event, kind, status, detail", "iiiisis", SMALL},
    {"api_repeat", "token, repeat_key, request, at, status, location, body", "sssiiss", SMALL},
    {"segment", "name, expression, created_at", "ssi", SMALL},
    {"throttle", "name, at", "si", SMALL},
    {"unanswered", "digest, mails, last_at", "sii", SMALL},
    {"daily", "day, tried", "si", SMALL},
    {"reputation_report", "id, digest, kind, reporter, day, at", "ibssii", SMALL},
    {"reputation", "report, domain, source, reason, total, passed, spf, dkim", "isssiiii", SMALL},
    {"task",
     "id, kind, state, started_by, door, list, name, options, size, created_at, began_at, "
     "accepted_at, event_mark, ended_at, rows_read, rejected, taken, tries, cancel, tally, undo, "
     "result, "
     "problem",
     "isssssssiiiiiiiiiiissss", SMALL},
    {"task_part", "id, task, file, content", "iisb", LARGE},
    {"import_change",
     "id, task, kind, low, high, prefix, first, last, subscriber, name, language, attributes, "
     "new_name, new_language, new_attributes, subscription, state, new_state, consent_at, "
     "consent_source, consent_ip, consent_version, confirmed_at, ended_at, noticed_at, "
     "reconfirm_by, form_wording, mail_wording, page_wording",
     "iisiisssissssssississsiiiiiii", SMALL},
    {"import",
     "id, begun_at, accepted_at, done_at, consent, confirm, renew, detail, tally, task, "
     "wording",
     "iiiisiissis", SMALL},
    {"boilerplate", "id, kind, name, language, list, source, revision, updated_at, updated_by",
     "isssisiis", SMALL},
    {"draft", "id, list, title, issue, created_at, created_by, updated_at, updated_by", "iisiisis",
     SMALL},
    {"draft_version", "id, draft, language, source, began_at, at, author", "iissiis", LARGE},
    {"draft_file", "id, draft, name, size, data, at", "iisibi", LARGE},
    {"approval", "id, draft, seal, asked_at, asked_by, words, state", "iisisss", SMALL},
    {"approval_text", "approval, language, source", "iss", LARGE},
    {"approval_word", "id, approval, at, author, kind, passage, words", "iiissss", SMALL},
    {"issue_note", "issue, language, reference, note", "isss", LARGE},
    {"issue_passage", "hash, issue", "ii", SMALL},
    {"issue_sender", "issue, account", "is", SMALL},
    {"staff_mail", "id, about, sender, address, message, next_at, attempts", "isssbii", LARGE},
    {"import_part", "id, import, content", "iib", LARGE},
    {"ledger", "id, stream, body, chain", "iibb", LARGE},
    {"ledger_key", "subscriber, key", "ib", SMALL},
    {"wording", "id, digest, language, text, at", "isssi", LARGE},
    {"ledger_part", "number, record, skip, head", "iiib", SMALL},
    {"ledger_place", "first, last, leaf", "iii", SMALL},
    {NULL, NULL, NULL, 0},
};
