/* Signs copies of one message, each with a line of its own: `signatures dkim|smime FOLDER COPIES`.
 * bench/sign counts the instructions of it. FOLDER has key.pem and certificate.pem, of one
 * RSA key and for press@example.org. */
#include "newsletter/dkim/signer.h"
#include "newsletter/smime/smime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARAGRAPHS = 100 };

static void compose(struct nl_buf *out, int number) {
    nl_buf_clear(out);
    nl_buf_addf(out,
                "From: Press <press@example.org>\r\nTo: reader%d@example.org\r\nSubject: News\r\n"
                "List-Id: <news.example.org>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n\r\n",
                number);
    for (int i = 0; i < PARAGRAPHS; i++)
        nl_buf_adds(out,
                    "The library of the harbour opens its reading room in the evening, with the "
                    "charts\r\nthat the sailors drew.\r\n");
    nl_buf_addf(out, "You are reader %d.\r\n", number);
}

int main(int argc, char **argv) {
    struct nl_config config = {0};
    struct nl_error err = {0};
    struct nl_signer signer = {0};
    struct nl_smime *smime = NULL;
    struct nl_buf message = {0};
    char key[4096];
    char certificate[4096];
    if (argc != 4)
        return 64;
    snprintf(key, sizeof key, "%s/key.pem", argv[2]);
    snprintf(certificate, sizeof certificate, "%s/certificate.pem", argv[2]);
    bool dkim = strcmp(argv[1], "dkim") == 0;
    int64_t now = (int64_t)time(NULL);
    config.dkim.key_file = config.smime.key_file = key;
    config.dkim.selector = "s";
    config.smime.certificate_file = dkim ? NULL : certificate;
    enum nl_status status = nl_smime_open(&config, "press@example.org", now, &smime, &err);
    if (status == NL_OK && dkim)
        status = nl_signer_open(&config, "example.org", &signer, &err);
    struct nl_dkim_body *body = nl_dkim_body_new();
    struct nl_smime_content *content = nl_smime_content_new();
    for (int i = 0; status == NL_OK && i < atoi(argv[3]); i++) {
        compose(&message, i);
        status = dkim ? nl_signer_sign(&signer, body, &message, now, &err)
                      : nl_smime_sign(smime, content, &message, now, &err);
    }
    if (status != NL_OK)
        fprintf(stderr, "%s\n", nl_error_text(&err));
    nl_error_free(&err);
    nl_buf_free(&message);
    nl_dkim_body_free(body);
    nl_smime_content_free(content);
    nl_signer_close(&signer);
    nl_smime_close(smime);
    return status == NL_OK ? 0 : 1;
}
