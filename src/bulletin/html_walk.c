#include "bulletin/html_walk.h"

#include <libxml/parserInternals.h>

/* The parser that takes a page in pieces would end at an end tag that closes nothing, or </html>.
 */
bool nl_html_walk(const char *html, size_t len, htmlSAXHandler *sax, void *ctx) {
    if (len == 0)
        return true;
    htmlParserCtxt *parser = htmlCreateMemoryParserCtxt(html, (int)len);
    if (parser == NULL)
        return false;
    htmlSAXHandler *own = parser->sax;
    parser->sax = sax;
    parser->userData = ctx;
    htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                   HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
    xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8);
    htmlParseDocument(parser);
    parser->sax = own;
    htmlFreeParserCtxt(parser);
    return true;
}
