/* Sending the answer that a handler has filled. */
#ifndef NL_WEB_RESPONSE_H
#define NL_WEB_RESPONSE_H

#include "web/request.h"

/* Hands the answer to the library, with the header fields that all answers have. Takes its body. */
enum MHD_Result nl_response_send(struct nl_request *request, struct nl_response *response);

/* Makes it a line of plain text. */
void nl_response_plain(struct nl_response *response, int status, const char *text);

void nl_response_free(struct nl_response *response);

#endif
