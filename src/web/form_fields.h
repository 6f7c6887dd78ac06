/* The fields of forms for the attributes that visitors may set. */
#ifndef NL_WEB_FORM_FIELDS_H
#define NL_WEB_FORM_FIELDS_H

#include "newsletter/base/form_field.h"

#include <jansson.h>

/* An array for the template form-fields.html. `attributes` holds the present values (a JSON object
 * as text, or NULL), `bad` the attribute whose value was refused (or NULL). */
json_t *nl_form_fields_data(const struct nl_form_fields *fields, const char *attributes,
                            const char *bad, const char *language);

#endif
