/* Attributes that let the compiler check each call. */
#ifndef NEWSLETTER_BASE_ATTRIBUTE_H
#define NEWSLETTER_BASE_ATTRIBUTE_H

/* The result must be used: it says whether the call did its work. Write it in front of the type. */
#define NL_CHECKED __attribute__((warn_unused_result))

/* The parameters of these numbers, counted from 1, must not be NULL. Write it after the list of
 * parameters. */
#define NL_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))

/* No parameter may be NULL. */
#define NL_ALL_NONNULL __attribute__((nonnull))

#endif
