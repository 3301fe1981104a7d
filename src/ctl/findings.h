/*
 * Findings: what their listing, the acknowledging and the tools of a model share
 */
#pragma once

#include <json-c/json.h>

#include "archive/query.h"

/* A secret, as a row of GROUP_SECRET shows it. The caller owns it. */
struct json_object *finding_secret_json(const FindingGroupRow *secret);

/* The first digits of its fingerprint, as people see them and give them to findings_acknowledge(). */
#define FINGERPRINT_SHOWN(fingerprint) ((uint32_t) ((fingerprint) >> 32))

/* Acknowledges the secrets @names, with @note (may be NULL), or @undo: takes them off the list. All of them or, where one
 * means nothing, none. Returns an exit status after saying what was done, or why not. */
int findings_acknowledge(Query *q, char *const *names, size_t n, const char *note, bool undo);

/* Acknowledges all that @filter selects. Returns an exit status. */
int findings_take_baseline(Query *q, const FindingFilter *filter, const char *note);
