/*
 * Contract: what the source must have before anything is changed
 *
 * A missing column would read as empty, and its archived values would be emptied in turn. So each column that is read says since
 * which data version of agentsview it exists (model/session.c); from then on the source must have it, with a type that can hold
 * what is read from it. What an older source never had is empty, and what a newer one has in addition is ignored.
 */
#pragma once

#include "source/schema.h"

/*
 * Checks @s as one of at least @data_version, the newest that was ever seen of this source, so that nothing is lost by going back
 * to an older one. Returns 0, or -EPROTO with a sentence about @path in *@reterr (owned by the caller).
 */
int contract_check(const Schema *s, int64_t data_version, const char *path, char **reterr);
