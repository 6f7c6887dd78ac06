/* The head of a request: its sender, and where its body ends. */
#ifndef NL_WEB_REQUEST_HEAD_H
#define NL_WEB_REQUEST_HEAD_H

#include "web/request.h"

/* Sets the visitor's address: the peer, or the one that a trusted proxy names. */
void nl_request_find_client(struct nl_request *request, const struct nl_networks *trusted);

/* Whether nobody can say where the body ends. */
bool nl_request_is_ambiguous(struct MHD_Connection *connection);

#endif
