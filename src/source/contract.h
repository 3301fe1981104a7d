/*
 * Contract: what the source must have before anything is changed
 *
 * A column that is missing would read as empty, and what is archived of it would be emptied in its turn. So each one that is
 * read says since which data version of agentsview it is there (model/session.c); from then on the source must have it, and of a
 * type that holds what is read from it. What an older source never had is empty, what a newer one has more is ignored.
 */
#pragma once

#include "source/schema.h"

/*
 * Checks @s as one of @data_version at the least: the newest that was ever seen of this source, so that a step back is no way to
 * lose what there was. Returns 0, or -EPROTO with a sentence about @path in *@reterr (owned by the caller).
 */
int contract_check(const Schema *s, int64_t data_version, const char *path, char **reterr);
