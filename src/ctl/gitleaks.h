/*
 * gitleaks: a team's gitleaks.toml as rules of ours
 *
 * Patterns are Go's; the few that PCRE2 would read differently are translated. What cannot be taken over is refused by name,
 * never left out in silence.
 */
#pragma once

#include <json-c/json.h>

/* Called for each thing that is not taken over, or changed: one sentence that names the rule. */
typedef void (*ImportNote)(void *userdata, const char *note);

/*
 * Makes {"rules": [...], "allow": {...}} of a parsed gitleaks.toml. *@ret_refused counts the rules that were refused.
 * Returns 0 or -ENOMEM.
 */
int gitleaks_import(struct json_object *toml, ImportNote note, void *userdata,
                    struct json_object **ret, size_t *ret_refused);
